"""``python -m apps`` is the ``streamvid`` command."""

from apps.cli import main

if __name__ == "__main__":
    main()
