"""Where a run's rows come from: each source yields them as text, in the order it holds them."""
