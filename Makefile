# Habits; everything here is one line you could type yourself.
PY := .venv/bin

.PHONY: up test check lock format bench

up:
	python3 manage.py up

test:
	python3 manage.py test

check:
	$(PY)/ruff format --check .
	$(PY)/ruff check .
	$(PY)/mypy
	$(PY)/lint-imports --no-cache
	$(PY)/python manage.py makemigrations --check --dry-run
	$(PY)/python manage.py check
	env -u DATABASE_URL CALLHUB_ENV=production CALLHUB_SECRET_KEY="$$($(PY)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		CALLHUB_ALLOWED_HOSTS=callhub.example.com DATABASE_URL=postgres://callhub@db/callhub CALLHUB_BROKER_URL=amqp://broker// \
		$(PY)/python manage.py check --deploy --fail-level WARNING

format:
	$(PY)/ruff format .
	$(PY)/ruff check --fix .

lock:
	uv export --no-emit-project --format requirements.txt --no-dev -q --no-header -o requirements/base.txt
	uv export --no-emit-project --format requirements.txt --no-dev --all-extras -q --no-header -o requirements/production.txt
	uv export --no-emit-project --format requirements.txt --group dev --all-extras -q --no-header -o requirements/dev.txt

bench:
	$(PY)/python -m bench
