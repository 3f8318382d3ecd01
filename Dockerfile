# One image for every process of docker-compose.yml.
# Without a GPU, pass PyTorch's index of CPU wheels: docker compose build --build-arg TORCH_INDEX=...
FROM python:3.12-slim

ARG TORCH_INDEX=""
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt .
RUN pip install $(grep -o '^torch==[^ ]*' requirements.txt) ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} \
    && pip install -r requirements.txt

COPY . .
ENV DJANGO_SETTINGS_MODULE=portal.settings.production GRADUS_VAR=/data \
    OMP_WAIT_POLICY=passive TOKENIZERS_PARALLELISM=false
# The values serve this one step, which needs neither database nor Redis.
RUN SECRET_KEY=build ALLOWED_HOSTS=build DATABASE_URL=postgresql://build/build REDIS_URL=redis://build \
    python manage.py collectstatic --noinput \
    && useradd --system --uid 10001 gradus && install -d -o gradus -g gradus /data
USER gradus
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "web", "--host", "0.0.0.0", "--port", "8000"]
