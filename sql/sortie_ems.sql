-- The EMS output database, blank: the contract's four tables, and ours in the schema elfe.
-- Rendered from the tables of elfe by `python -m elfe.app.schemas`: change those, not this.
-- createdb sortie_ems && psql -v ON_ERROR_STOP=1 -d sortie_ems -f sortie_ems.sql

SET search_path TO public;

CREATE SCHEMA IF NOT EXISTS elfe;

CREATE TABLE elfe.account (
    participant TEXT NOT NULL,
    slot BIGINT NOT NULL,
    placed_wh FLOAT(53) NOT NULL,
    local_wh FLOAT(53) NOT NULL,
    waited_wh_h FLOAT(53) NOT NULL,
    PRIMARY KEY (participant)
);

COMMENT ON TABLE elfe.account IS 'What each household has given and received; it fades';

COMMENT ON COLUMN elfe.account.participant IS 'utilisateur';

COMMENT ON COLUMN elfe.account.slot IS 'epoch // 900: what it is as of';

COMMENT ON COLUMN elfe.account.placed_wh IS 'energy that was placed';

COMMENT ON COLUMN elfe.account.local_wh IS 'of it, from local surplus';

COMMENT ON COLUMN elfe.account.waited_wh_h IS 'what waited, times hours';

CREATE TABLE elfe.base_balance (
    slot BIGINT NOT NULL,
    power_w FLOAT(53) NOT NULL,
    PRIMARY KEY (slot)
);

COMMENT ON TABLE elfe.base_balance IS 'The measured balance without what the EMS placed, per quarter';

COMMENT ON COLUMN elfe.base_balance.slot IS 'epoch // 900';

COMMENT ON COLUMN elfe.base_balance.power_w IS 'production − consumption, W';

CREATE TABLE elfe.cycle_programme (
    appliance_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    confidence FLOAT(53) NOT NULL,
    last_at BIGINT NOT NULL,
    minutes_w TEXT NOT NULL,
    PRIMARY KEY (appliance_id, number)
);

COMMENT ON TABLE elfe.cycle_programme IS 'The programmes of an appliance, learned from its cycles';

COMMENT ON COLUMN elfe.cycle_programme.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.cycle_programme.confidence IS '0 to 1';

COMMENT ON COLUMN elfe.cycle_programme.last_at IS 'last started, epoch ms';

COMMENT ON COLUMN elfe.cycle_programme.minutes_w IS 'JSON: mean W of each minute';

CREATE TABLE elfe.cycle_rule (
    appliance_id INTEGER NOT NULL,
    origin TEXT NOT NULL,
    rules TEXT NOT NULL,
    resumes_at BIGINT,
    looked_at BIGINT,
    PRIMARY KEY (appliance_id)
);

COMMENT ON TABLE elfe.cycle_rule IS 'How the cycles of an appliance are found, and how far it was looked at';

COMMENT ON COLUMN elfe.cycle_rule.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.cycle_rule.origin IS 'type, data or hand';

COMMENT ON COLUMN elfe.cycle_rule.rules IS 'JSON: W, Wh and seconds, by name';

COMMENT ON COLUMN elfe.cycle_rule.resumes_at IS 'where the next look begins, epoch ms';

COMMENT ON COLUMN elfe.cycle_rule.looked_at IS 'when it was last looked at, epoch ms';

CREATE TABLE elfe.cycle_run (
    appliance_id INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    energy_wh FLOAT(53) NOT NULL,
    whole BOOLEAN NOT NULL,
    programme INTEGER,
    minutes_w TEXT NOT NULL,
    PRIMARY KEY (appliance_id, started_at)
);

COMMENT ON TABLE elfe.cycle_run IS 'One row per cycle found in a power curve';

COMMENT ON COLUMN elfe.cycle_run.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.cycle_run.started_at IS 'epoch ms';

COMMENT ON COLUMN elfe.cycle_run.ended_at IS 'epoch ms';

COMMENT ON COLUMN elfe.cycle_run.whole IS 'seen from start to end';

COMMENT ON COLUMN elfe.cycle_run.programme IS 'the number of its programme';

COMMENT ON COLUMN elfe.cycle_run.minutes_w IS 'JSON: mean W of each minute';

CREATE TABLE elfe.forecast (
    first_slot BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    source TEXT NOT NULL,
    power_w TEXT NOT NULL,
    low_w TEXT NOT NULL,
    high_w TEXT NOT NULL,
    PRIMARY KEY (first_slot)
);

COMMENT ON TABLE elfe.forecast IS 'What each run expected of the base balance; base_balance says what came';

COMMENT ON COLUMN elfe.forecast.first_slot IS 'epoch // 900 of slot 0';

COMMENT ON COLUMN elfe.forecast.made_at IS 'epoch s';

COMMENT ON COLUMN elfe.forecast.source IS 'who was believed, and how much';

COMMENT ON COLUMN elfe.forecast.power_w IS 'JSON: 96 means, W';

COMMENT ON COLUMN elfe.forecast.low_w IS 'JSON: quantile 0.1 of each, W; or nothing';

COMMENT ON COLUMN elfe.forecast.high_w IS 'JSON: quantile 0.9 of each, W; or nothing';

CREATE TABLE elfe.placement (
    first_slot BIGINT NOT NULL,
    appliance_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    late_by_s INTEGER NOT NULL,
    ends_at BIGINT,
    power_w TEXT NOT NULL,
    PRIMARY KEY (first_slot, appliance_id)
);

COMMENT ON TABLE elfe.placement IS 'Beside each row of result: what it draws and why';

COMMENT ON COLUMN elfe.placement.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.placement.source IS 'where its profile comes from';

COMMENT ON COLUMN elfe.placement.reason IS 'why there, one sentence';

COMMENT ON COLUMN elfe.placement.late_by_s IS 'seconds behind its deadline';

COMMENT ON COLUMN elfe.placement.ends_at IS 'epoch s';

COMMENT ON COLUMN elfe.placement.power_w IS 'JSON: expected draw per slot, W';

CREATE TABLE elfe.plan (
    first_slot BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    forecast TEXT NOT NULL,
    solver TEXT NOT NULL,
    imported_wh FLOAT(53) NOT NULL,
    bound_wh FLOAT(53),
    solve_ms INTEGER NOT NULL,
    balance_w TEXT NOT NULL,
    prices TEXT DEFAULT '[]' NOT NULL,
    priced_bound_wh FLOAT(53),
    PRIMARY KEY (first_slot)
);

COMMENT ON TABLE elfe.plan IS 'One run of the EMS, with how it was made';

COMMENT ON COLUMN elfe.plan.first_slot IS 'epoch // 900 of slot 0';

COMMENT ON COLUMN elfe.plan.made_at IS 'epoch s';

COMMENT ON COLUMN elfe.plan.forecast IS 'where the balance comes from';

COMMENT ON COLUMN elfe.plan.solver IS 'optimal, incumbent, greedy, ...';

COMMENT ON COLUMN elfe.plan.bound_wh IS 'no plan imports less';

COMMENT ON COLUMN elfe.plan.balance_w IS 'JSON: forecast per slot, W';

COMMENT ON COLUMN elfe.plan.prices IS 'JSON: of a watt per slot, in watts of import; they prove priced_bound_wh';

COMMENT ON COLUMN elfe.plan.priced_bound_wh IS 'what of bound_wh the prices alone prove';

CREATE TABLE elfe.setpoint (
    first_slot BIGINT NOT NULL,
    appliance_id INTEGER NOT NULL,
    power_w TEXT NOT NULL,
    PRIMARY KEY (first_slot, appliance_id)
);

COMMENT ON TABLE elfe.setpoint IS 'Beside the rows of result that say a start alone: powers and pauses';

COMMENT ON COLUMN elfe.setpoint.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.setpoint.power_w IS 'JSON: W per slot; 0 a pause, negative: a battery gives';

CREATE TABLE elfe.version_sortie_ems (
    version_num VARCHAR(32) NOT NULL,
    PRIMARY KEY (version_num)
);

COMMENT ON TABLE elfe.version_sortie_ems IS 'At which revision the tables of sortie_ems are';

COMMENT ON COLUMN elfe.version_sortie_ems.version_num IS 'a revision of elfe, as Alembic keeps it';

CREATE TABLE elfe.weather (
    slot BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    temperature_c FLOAT NOT NULL,
    radiation_w_m2 FLOAT NOT NULL,
    wind_m_s FLOAT NOT NULL,
    PRIMARY KEY (slot, issued_at)
);

COMMENT ON TABLE elfe.weather IS 'The weather of each hour, as announced at each time';

COMMENT ON COLUMN elfe.weather.slot IS 'epoch // 900 of the hour''s first quarter';

COMMENT ON COLUMN elfe.weather.issued_at IS 'when it was announced, epoch s';

COMMENT ON COLUMN elfe.weather.radiation_w_m2 IS 'mean of the hour';

CREATE TABLE elfe.why (
    first_slot BIGINT NOT NULL,
    appliance_id INTEGER NOT NULL,
    french TEXT NOT NULL,
    starts_wh TEXT NOT NULL,
    ways TEXT NOT NULL,
    PRIMARY KEY (first_slot, appliance_id)
);

COMMENT ON TABLE elfe.why IS 'Of the newest run alone: why each appliance stands where it does';

COMMENT ON COLUMN elfe.why.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.why.french IS 'la raison, en une phrase';

COMMENT ON COLUMN elfe.why.starts_wh IS 'JSON: what it would import at each start, Wh; null: it cannot';

COMMENT ON COLUMN elfe.why.ways IS 'JSON: out of what is impossible: what, en, fr';

CREATE TABLE ems_run_info (
    timestamp SERIAL NOT NULL,
    run_time_ms INTEGER NOT NULL,
    consumer_count INTEGER NOT NULL,
    conso_min_hour_timestamp INTEGER NOT NULL,
    conso_min_hour INTEGER NOT NULL,
    conso_max_hour_timestamp INTEGER NOT NULL,
    conso_max_hour INTEGER NOT NULL,
    PRIMARY KEY (timestamp)
);

COMMENT ON TABLE ems_run_info IS 'Un calcul de l''EMS';

COMMENT ON COLUMN ems_run_info.timestamp IS 'début du créneau 0, secondes Unix';

COMMENT ON COLUMN ems_run_info.run_time_ms IS 'résolution seule';

COMMENT ON COLUMN ems_run_info.consumer_count IS 'équipements placés';

COMMENT ON COLUMN ems_run_info.conso_min_hour_timestamp IS 'heure du plus grand déficit';

COMMENT ON COLUMN ems_run_info.conso_min_hour IS 'équilibre moyen de cette heure, W : le plus petit';

COMMENT ON COLUMN ems_run_info.conso_max_hour_timestamp IS 'heure du plus grand surplus';

COMMENT ON COLUMN ems_run_info.conso_max_hour IS 'équilibre moyen de cette heure, W : le plus grand';

CREATE TABLE p_c_with_flexible_consumption (
    data_timestamp INTEGER NOT NULL,
    power INTEGER NOT NULL,
    PRIMARY KEY (data_timestamp)
);

COMMENT ON TABLE p_c_with_flexible_consumption IS 'Équilibre prévu, consommations placées comprises (dernière prévision)';

COMMENT ON COLUMN p_c_with_flexible_consumption.data_timestamp IS 'début du créneau, secondes Unix';

COMMENT ON COLUMN p_c_with_flexible_consumption.power IS 'production − consommation, W ; positif = surplus';

CREATE TABLE p_c_without_flexible_consumption (
    data_timestamp INTEGER NOT NULL,
    power INTEGER NOT NULL,
    PRIMARY KEY (data_timestamp)
);

COMMENT ON TABLE p_c_without_flexible_consumption IS 'Équilibre prévu sans les consommations placées (dernière prévision)';

COMMENT ON COLUMN p_c_without_flexible_consumption.data_timestamp IS 'début du créneau, secondes Unix';

COMMENT ON COLUMN p_c_without_flexible_consumption.power IS 'production − consommation, W ; positif = surplus';

CREATE TABLE result (
    id SERIAL NOT NULL,
    first_valid_timestamp INTEGER NOT NULL,
    machine_id INTEGER NOT NULL,
    result_type INTEGER NOT NULL,
    machine_type INTEGER NOT NULL,
    decisions_0 INTEGER NOT NULL,
    decisions_1 INTEGER NOT NULL,
    decisions_2 INTEGER NOT NULL,
    decisions_3 INTEGER NOT NULL,
    decisions_4 INTEGER NOT NULL,
    decisions_5 INTEGER NOT NULL,
    decisions_6 INTEGER NOT NULL,
    decisions_7 INTEGER NOT NULL,
    decisions_8 INTEGER NOT NULL,
    decisions_9 INTEGER NOT NULL,
    decisions_10 INTEGER NOT NULL,
    decisions_11 INTEGER NOT NULL,
    decisions_12 INTEGER NOT NULL,
    decisions_13 INTEGER NOT NULL,
    decisions_14 INTEGER NOT NULL,
    decisions_15 INTEGER NOT NULL,
    decisions_16 INTEGER NOT NULL,
    decisions_17 INTEGER NOT NULL,
    decisions_18 INTEGER NOT NULL,
    decisions_19 INTEGER NOT NULL,
    decisions_20 INTEGER NOT NULL,
    decisions_21 INTEGER NOT NULL,
    decisions_22 INTEGER NOT NULL,
    decisions_23 INTEGER NOT NULL,
    decisions_24 INTEGER NOT NULL,
    decisions_25 INTEGER NOT NULL,
    decisions_26 INTEGER NOT NULL,
    decisions_27 INTEGER NOT NULL,
    decisions_28 INTEGER NOT NULL,
    decisions_29 INTEGER NOT NULL,
    decisions_30 INTEGER NOT NULL,
    decisions_31 INTEGER NOT NULL,
    decisions_32 INTEGER NOT NULL,
    decisions_33 INTEGER NOT NULL,
    decisions_34 INTEGER NOT NULL,
    decisions_35 INTEGER NOT NULL,
    decisions_36 INTEGER NOT NULL,
    decisions_37 INTEGER NOT NULL,
    decisions_38 INTEGER NOT NULL,
    decisions_39 INTEGER NOT NULL,
    decisions_40 INTEGER NOT NULL,
    decisions_41 INTEGER NOT NULL,
    decisions_42 INTEGER NOT NULL,
    decisions_43 INTEGER NOT NULL,
    decisions_44 INTEGER NOT NULL,
    decisions_45 INTEGER NOT NULL,
    decisions_46 INTEGER NOT NULL,
    decisions_47 INTEGER NOT NULL,
    decisions_48 INTEGER NOT NULL,
    decisions_49 INTEGER NOT NULL,
    decisions_50 INTEGER NOT NULL,
    decisions_51 INTEGER NOT NULL,
    decisions_52 INTEGER NOT NULL,
    decisions_53 INTEGER NOT NULL,
    decisions_54 INTEGER NOT NULL,
    decisions_55 INTEGER NOT NULL,
    decisions_56 INTEGER NOT NULL,
    decisions_57 INTEGER NOT NULL,
    decisions_58 INTEGER NOT NULL,
    decisions_59 INTEGER NOT NULL,
    decisions_60 INTEGER NOT NULL,
    decisions_61 INTEGER NOT NULL,
    decisions_62 INTEGER NOT NULL,
    decisions_63 INTEGER NOT NULL,
    decisions_64 INTEGER NOT NULL,
    decisions_65 INTEGER NOT NULL,
    decisions_66 INTEGER NOT NULL,
    decisions_67 INTEGER NOT NULL,
    decisions_68 INTEGER NOT NULL,
    decisions_69 INTEGER NOT NULL,
    decisions_70 INTEGER NOT NULL,
    decisions_71 INTEGER NOT NULL,
    decisions_72 INTEGER NOT NULL,
    decisions_73 INTEGER NOT NULL,
    decisions_74 INTEGER NOT NULL,
    decisions_75 INTEGER NOT NULL,
    decisions_76 INTEGER NOT NULL,
    decisions_77 INTEGER NOT NULL,
    decisions_78 INTEGER NOT NULL,
    decisions_79 INTEGER NOT NULL,
    decisions_80 INTEGER NOT NULL,
    decisions_81 INTEGER NOT NULL,
    decisions_82 INTEGER NOT NULL,
    decisions_83 INTEGER NOT NULL,
    decisions_84 INTEGER NOT NULL,
    decisions_85 INTEGER NOT NULL,
    decisions_86 INTEGER NOT NULL,
    decisions_87 INTEGER NOT NULL,
    decisions_88 INTEGER NOT NULL,
    decisions_89 INTEGER NOT NULL,
    decisions_90 INTEGER NOT NULL,
    decisions_91 INTEGER NOT NULL,
    decisions_92 INTEGER NOT NULL,
    decisions_93 INTEGER NOT NULL,
    decisions_94 INTEGER NOT NULL,
    decisions_95 INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (first_valid_timestamp, machine_id)
);

CREATE INDEX result_machine ON result (machine_id, first_valid_timestamp);

COMMENT ON TABLE result IS 'Planning : une ligne par équipement et par calcul. Machines et véhicules : un seul 1, au créneau de départ ; ballons et chauffages : 1 dans chaque créneau autorisé';

COMMENT ON COLUMN result.first_valid_timestamp IS 'début du créneau 0, secondes Unix, multiple de 900';

COMMENT ON COLUMN result.machine_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN result.result_type IS '0 lancement unique, 1 récurrent';

COMMENT ON COLUMN result.machine_type IS 'equipement_pilote_ou_mesure_type_id';

INSERT INTO elfe.version_sortie_ems (version_num) VALUES
    ('0003');
