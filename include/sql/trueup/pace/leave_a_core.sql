-- Keeps this session to one core: a look at all balances would take those of others who post.
SELECT set_config('max_parallel_workers_per_gather', '0', FALSE)
