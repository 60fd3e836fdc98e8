"""Templates, rendering, encoding and preview: what a record looks like to the model."""
