"""Training of LLaVA-Mini checkpoints: the paper's two stages on conversations about pictures."""
