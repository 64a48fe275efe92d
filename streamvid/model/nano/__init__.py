"""The nano preset: the LLaVA-Mini shape at 135M parameters, for two CPU cores."""
