"""What the chart's autoscaling values do under load: the queue and the workers (workers.py), the autoscaler (autoscaler.py), the
load (scenarios.py), and pictures of it (picture.py). Seconds are its steps; nothing in it is random."""
