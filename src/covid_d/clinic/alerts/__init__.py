"""What whoever runs the clinic must hear of: found, remembered, told by e-mail and webhook."""
