"""Video language models behind one seam, ``VideoModel``."""
