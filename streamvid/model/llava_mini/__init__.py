"""LLaVA-Mini (arXiv 2501.03895) from checkpoints in its reference's format, any size or variant."""
