"""The clinic: the web application for doctors, hospitals and the ministry (extra ``clinic``)."""
