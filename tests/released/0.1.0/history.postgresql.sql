SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.reading (
    series_id integer NOT NULL,
    at_ms bigint NOT NULL,
    value double precision NOT NULL
);
CREATE TABLE public.series (
    id integer NOT NULL,
    name text NOT NULL,
    unit text NOT NULL
);
CREATE SEQUENCE public.series_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.series_id_seq OWNED BY public.series.id;
ALTER TABLE ONLY public.series ALTER COLUMN id SET DEFAULT nextval('public.series_id_seq'::regclass);
INSERT INTO public.reading VALUES (4, 1728633600000, 0);
INSERT INTO public.reading VALUES (4, 1728633660000, 100);
INSERT INTO public.reading VALUES (4, 1728633720000, 200);
INSERT INTO public.reading VALUES (1, 1728633600000, 0);
INSERT INTO public.reading VALUES (1, 1728633660000, 12.5);
INSERT INTO public.reading VALUES (1, 1728633720000, 25);
INSERT INTO public.series VALUES (1, 'A001 puissance', 'W');
INSERT INTO public.series VALUES (2, 'B001 puissance', 'W');
INSERT INTO public.series VALUES (3, 'A002 puissance', 'W');
INSERT INTO public.series VALUES (4, 'Equilibre General P=C bis', 'W');
SELECT pg_catalog.setval('public.series_id_seq', 4, true);
ALTER TABLE ONLY public.reading
    ADD CONSTRAINT reading_pkey PRIMARY KEY (series_id, at_ms);
ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_name_key UNIQUE (name);
ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reading
    ADD CONSTRAINT reading_series_id_fkey FOREIGN KEY (series_id) REFERENCES public.series(id);
