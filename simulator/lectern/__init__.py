"""The lectern: jobs are paused, stepped and slowed for an audience at borders where nothing has a limit."""
