"""Chat platforms on loopback, below the SDKs, verified by driving them with the SDKs themselves."""
