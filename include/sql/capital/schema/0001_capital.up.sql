-- Creates the lending app's tables where they are missing, as they are deployed: money is a float.
CREATE TABLE IF NOT EXISTS "Junta" (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS "Prestamo" (
    id TEXT CONSTRAINT "Prestamo_pkey" PRIMARY KEY,
    amount DOUBLE PRECISION,
    description TEXT,
    status TEXT NOT NULL DEFAULT 'PENDING',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    junta_id TEXT CONSTRAINT "Prestamo_junta_id_fkey" REFERENCES "Junta" (id),
    member_id TEXT
);

CREATE INDEX IF NOT EXISTS "Prestamo_junta_id_idx" ON "Prestamo" (junta_id);

CREATE TABLE IF NOT EXISTS "PagoPrestamo" (
    id TEXT CONSTRAINT "PagoPrestamo_pkey" PRIMARY KEY,
    amount DOUBLE PRECISION,
    date TIMESTAMPTZ NOT NULL DEFAULT now(),
    prestamo_id TEXT CONSTRAINT "PagoPrestamo_prestamo_id_fkey" REFERENCES "Prestamo" (id)
);

CREATE INDEX IF NOT EXISTS "PagoPrestamo_prestamo_id_idx" ON "PagoPrestamo" (prestamo_id);

CREATE TABLE IF NOT EXISTS "Accion" (
    id TEXT CONSTRAINT "Accion_pkey" PRIMARY KEY,
    type TEXT,
    amount DOUBLE PRECISION,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    junta_id TEXT CONSTRAINT "Accion_junta_id_fkey" REFERENCES "Junta" (id),
    member_id TEXT
);

CREATE INDEX IF NOT EXISTS "Accion_junta_id_idx" ON "Accion" (junta_id);

CREATE TABLE IF NOT EXISTS "Multa" (
    id TEXT CONSTRAINT "Multa_pkey" PRIMARY KEY,
    amount DOUBLE PRECISION,
    description TEXT,
    status TEXT NOT NULL DEFAULT 'PENDING',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    junta_id TEXT CONSTRAINT "Multa_junta_id_fkey" REFERENCES "Junta" (id),
    member_id TEXT
);

CREATE INDEX IF NOT EXISTS "Multa_junta_id_idx" ON "Multa" (junta_id);
