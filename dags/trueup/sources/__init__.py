"""Where a run's rows come from: each source yields staged rows, as text, in the order it holds them."""
