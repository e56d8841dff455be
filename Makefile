# Each target is one line that you could have typed. bin/ has the rest; state lives in .trueup/.

.PHONY: setup demo demo-corrections demo-scb demo-vesting demo-wallets demo-capital test test-browser up down lint bench bench-vesting bench-capital

setup:
	bin/setup

demo: setup
	bin/with-server bin/demo

demo-corrections demo-scb demo-vesting demo-wallets demo-capital: demo-%: setup
	bin/with-server bin/demo $*

test: setup
	TRUEUP_FSYNC=off bin/with-server pytest $(or $(ARGS),--numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore-glob 'tests/plugins/test_browser*' --durations 25 --durations-min 10)

test-browser: setup
	bin/with-server pytest tests/plugins/test_browser*.py $(ARGS)

up:
	bin/up

down:
	bin/down

lint:
	bin/lint

bench: setup
	bin/with-server bin/bench --rows $(or $(ROWS),1000000) $(ARGS)

bench-vesting: setup
	bin/with-server bin/bench-vesting $(ARGS)

bench-capital: setup
	bin/with-server bin/bench capital --movements $(or $(ROWS),1000000) $(ARGS)
