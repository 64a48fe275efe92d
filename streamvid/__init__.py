"""streamvid: watches video for hours and answers questions about it."""
