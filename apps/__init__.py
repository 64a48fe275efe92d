"""Front ends: arguments in, words and pictures out. Nothing here decides anything about video."""
