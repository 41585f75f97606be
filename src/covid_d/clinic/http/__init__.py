"""What every request passes: who asks, what is guarded, how failures and pages are rendered."""
