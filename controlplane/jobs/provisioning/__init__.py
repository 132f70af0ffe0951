"""Plans behind requests of providers other than Recovery Services: what takes time, and must outlive the process."""
