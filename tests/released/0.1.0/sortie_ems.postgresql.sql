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
CREATE SCHEMA elfe;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE elfe.ems_run_info (
    "timestamp" integer NOT NULL,
    run_time_ms integer NOT NULL,
    consumer_count integer NOT NULL,
    conso_min_hour_timestamp integer NOT NULL,
    conso_min_hour integer NOT NULL,
    conso_max_hour_timestamp integer NOT NULL,
    conso_max_hour integer NOT NULL
);
CREATE SEQUENCE elfe.ems_run_info_timestamp_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE elfe.ems_run_info_timestamp_seq OWNED BY elfe.ems_run_info."timestamp";
CREATE TABLE elfe.p_c_with_flexible_consumption (
    data_timestamp integer NOT NULL,
    power integer NOT NULL
);
CREATE TABLE elfe.p_c_without_flexible_consumption (
    data_timestamp integer NOT NULL,
    power integer NOT NULL
);
CREATE TABLE elfe.placement (
    first_slot bigint NOT NULL,
    appliance_id integer NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    late_by_s integer NOT NULL,
    ends_at bigint,
    power_w text NOT NULL
);
CREATE TABLE elfe.plan (
    first_slot bigint NOT NULL,
    made_at bigint NOT NULL,
    forecast text NOT NULL,
    solver text NOT NULL,
    imported_wh double precision NOT NULL,
    bound_wh double precision,
    solve_ms integer NOT NULL,
    balance_w text NOT NULL
);
CREATE TABLE elfe.result (
    id integer NOT NULL,
    first_valid_timestamp integer NOT NULL,
    machine_id integer NOT NULL,
    result_type integer NOT NULL,
    machine_type integer NOT NULL,
    decisions_0 integer NOT NULL,
    decisions_1 integer NOT NULL,
    decisions_2 integer NOT NULL,
    decisions_3 integer NOT NULL,
    decisions_4 integer NOT NULL,
    decisions_5 integer NOT NULL,
    decisions_6 integer NOT NULL,
    decisions_7 integer NOT NULL,
    decisions_8 integer NOT NULL,
    decisions_9 integer NOT NULL,
    decisions_10 integer NOT NULL,
    decisions_11 integer NOT NULL,
    decisions_12 integer NOT NULL,
    decisions_13 integer NOT NULL,
    decisions_14 integer NOT NULL,
    decisions_15 integer NOT NULL,
    decisions_16 integer NOT NULL,
    decisions_17 integer NOT NULL,
    decisions_18 integer NOT NULL,
    decisions_19 integer NOT NULL,
    decisions_20 integer NOT NULL,
    decisions_21 integer NOT NULL,
    decisions_22 integer NOT NULL,
    decisions_23 integer NOT NULL,
    decisions_24 integer NOT NULL,
    decisions_25 integer NOT NULL,
    decisions_26 integer NOT NULL,
    decisions_27 integer NOT NULL,
    decisions_28 integer NOT NULL,
    decisions_29 integer NOT NULL,
    decisions_30 integer NOT NULL,
    decisions_31 integer NOT NULL,
    decisions_32 integer NOT NULL,
    decisions_33 integer NOT NULL,
    decisions_34 integer NOT NULL,
    decisions_35 integer NOT NULL,
    decisions_36 integer NOT NULL,
    decisions_37 integer NOT NULL,
    decisions_38 integer NOT NULL,
    decisions_39 integer NOT NULL,
    decisions_40 integer NOT NULL,
    decisions_41 integer NOT NULL,
    decisions_42 integer NOT NULL,
    decisions_43 integer NOT NULL,
    decisions_44 integer NOT NULL,
    decisions_45 integer NOT NULL,
    decisions_46 integer NOT NULL,
    decisions_47 integer NOT NULL,
    decisions_48 integer NOT NULL,
    decisions_49 integer NOT NULL,
    decisions_50 integer NOT NULL,
    decisions_51 integer NOT NULL,
    decisions_52 integer NOT NULL,
    decisions_53 integer NOT NULL,
    decisions_54 integer NOT NULL,
    decisions_55 integer NOT NULL,
    decisions_56 integer NOT NULL,
    decisions_57 integer NOT NULL,
    decisions_58 integer NOT NULL,
    decisions_59 integer NOT NULL,
    decisions_60 integer NOT NULL,
    decisions_61 integer NOT NULL,
    decisions_62 integer NOT NULL,
    decisions_63 integer NOT NULL,
    decisions_64 integer NOT NULL,
    decisions_65 integer NOT NULL,
    decisions_66 integer NOT NULL,
    decisions_67 integer NOT NULL,
    decisions_68 integer NOT NULL,
    decisions_69 integer NOT NULL,
    decisions_70 integer NOT NULL,
    decisions_71 integer NOT NULL,
    decisions_72 integer NOT NULL,
    decisions_73 integer NOT NULL,
    decisions_74 integer NOT NULL,
    decisions_75 integer NOT NULL,
    decisions_76 integer NOT NULL,
    decisions_77 integer NOT NULL,
    decisions_78 integer NOT NULL,
    decisions_79 integer NOT NULL,
    decisions_80 integer NOT NULL,
    decisions_81 integer NOT NULL,
    decisions_82 integer NOT NULL,
    decisions_83 integer NOT NULL,
    decisions_84 integer NOT NULL,
    decisions_85 integer NOT NULL,
    decisions_86 integer NOT NULL,
    decisions_87 integer NOT NULL,
    decisions_88 integer NOT NULL,
    decisions_89 integer NOT NULL,
    decisions_90 integer NOT NULL,
    decisions_91 integer NOT NULL,
    decisions_92 integer NOT NULL,
    decisions_93 integer NOT NULL,
    decisions_94 integer NOT NULL,
    decisions_95 integer NOT NULL
);
CREATE SEQUENCE elfe.result_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE elfe.result_id_seq OWNED BY elfe.result.id;
ALTER TABLE ONLY elfe.ems_run_info ALTER COLUMN "timestamp" SET DEFAULT nextval('elfe.ems_run_info_timestamp_seq'::regclass);
ALTER TABLE ONLY elfe.result ALTER COLUMN id SET DEFAULT nextval('elfe.result_id_seq'::regclass);
INSERT INTO elfe.ems_run_info VALUES (1731110400, 120, 1, 1731110400, -5000, 1731121200, 7000);
INSERT INTO elfe.p_c_with_flexible_consumption VALUES (1731110400, -1200);
INSERT INTO elfe.p_c_without_flexible_consumption VALUES (1731110400, -900);
INSERT INTO elfe.placement VALUES (1923456, 1, 'default', 'least import', 0, 1731120000, '[1500]');
INSERT INTO elfe.plan VALUES (1923456, 1731110370, 'persistence', 'optimal', 1800, 1790, 120, '[1,2]');
INSERT INTO elfe.result VALUES (1, 1731110400, 1, 0, 112, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
SELECT pg_catalog.setval('elfe.ems_run_info_timestamp_seq', 1, false);
SELECT pg_catalog.setval('elfe.result_id_seq', 1, true);
ALTER TABLE ONLY elfe.ems_run_info
    ADD CONSTRAINT ems_run_info_pkey PRIMARY KEY ("timestamp");
ALTER TABLE ONLY elfe.p_c_with_flexible_consumption
    ADD CONSTRAINT p_c_with_flexible_consumption_pkey PRIMARY KEY (data_timestamp);
ALTER TABLE ONLY elfe.p_c_without_flexible_consumption
    ADD CONSTRAINT p_c_without_flexible_consumption_pkey PRIMARY KEY (data_timestamp);
ALTER TABLE ONLY elfe.placement
    ADD CONSTRAINT placement_pkey PRIMARY KEY (first_slot, appliance_id);
ALTER TABLE ONLY elfe.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (first_slot);
ALTER TABLE ONLY elfe.result
    ADD CONSTRAINT result_first_valid_timestamp_machine_id_key UNIQUE (first_valid_timestamp, machine_id);
ALTER TABLE ONLY elfe.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (id);
CREATE INDEX result_machine ON elfe.result USING btree (machine_id, first_valid_timestamp);
