-- Keeps this session to one core: a look at all balances would else take those of who posts meanwhile.
SELECT set_config('max_parallel_workers_per_gather', '0', FALSE)
