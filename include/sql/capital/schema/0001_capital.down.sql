-- Removes the lending app's tables.
DROP TABLE "PagoPrestamo";
DROP TABLE "Prestamo";
DROP TABLE "Accion";
DROP TABLE "Multa";
DROP TABLE "Junta";
