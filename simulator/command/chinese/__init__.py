"""The Chinese of what commands say, one module for each part."""
