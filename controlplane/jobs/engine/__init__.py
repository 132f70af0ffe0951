"""What carries jobs out: plans as data, their execution, the documents of a job."""
