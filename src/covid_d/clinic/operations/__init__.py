"""Running the clinic: backup, bundles, metrics, logs."""
