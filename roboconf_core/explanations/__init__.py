"""What each code means, why it matters, and how to mend what it found; one text per code, with samples."""
