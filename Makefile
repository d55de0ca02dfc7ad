# Habits; everything here is one line you could type yourself.
PY := .venv/bin

.PHONY: asterisk asterisk-setup asterisk-stop up test check style types imports migrations deploy lock format texts bench

up:
	python3 manage.py up

test:
	python3 manage.py test

check: style types imports migrations deploy

style:
	$(PY)/ruff format --check .
	$(PY)/ruff check .

types:
	$(PY)/mypy

imports:
	$(PY)/lint-imports --no-cache

migrations:
	$(PY)/python manage.py makemigrations --check --dry-run

# The production profile with made-up addresses; nothing is connected to.
deploy: SECRET = $(shell $(PY)/python -c 'import secrets; print(secrets.token_urlsafe(64))')
deploy:
	CALLHUB_ENV=production CALLHUB_SECRET_KEY='$(SECRET)' CALLHUB_ALLOWED_HOSTS=callhub.example.com \
		DATABASE_URL=postgres://callhub@db/callhub CALLHUB_BROKER_URL=amqp://broker// CALLHUB_CACHE_URL=redis://cache/1 \
		$(PY)/python manage.py check --deploy --fail-level WARNING

format:
	$(PY)/ruff format .
	$(PY)/ruff check --fix .

lock:
	uv export --no-emit-project --format requirements.txt --no-dev -q --no-header -o requirements/base.txt
	uv export --no-emit-project --format requirements.txt --no-dev --all-extras -q --no-header -o requirements/production.txt
	uv export --no-emit-project --format requirements.txt --group dev --all-extras -q --no-header -o requirements/dev.txt

# The catalogues of translations, brought up to date with the sources.
texts:
	DJANGO_SETTINGS_MODULE=tests.settings $(PY)/python -m tests.callhub.catalogue

bench:
	$(PY)/python -m bench

# A real telephone exchange with two soft phones, for trying things out; see tests/asterisk/README.md.
asterisk: asterisk-setup
	python3 -m tests.asterisk start

asterisk-setup:
	python3 -m tests.asterisk.fetching

asterisk-stop:
	python3 -m tests.asterisk stop
