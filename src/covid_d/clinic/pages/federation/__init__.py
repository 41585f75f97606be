"""The figures of many clinics, as pages."""
