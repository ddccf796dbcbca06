-- The coordination database, blank: the contract's version 6 as reconstructed, ours in the schema elfe.
-- Rendered from the tables of elfe by `python -m elfe.app.schemas`: change those, not this.
-- createdb bdd_coordination && psql -v ON_ERROR_STOP=1 -d bdd_coordination -f bdd_coordination.sql

SET search_path TO public;

CREATE SCHEMA IF NOT EXISTS bdd_coordination_schema;

CREATE SCHEMA IF NOT EXISTS elfe;

CREATE TABLE bdd_coordination_schema.chauffage_asservi_modele_thermique (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.chauffage_asservi_modele_thermique IS 'Modèles thermiques (version 6) : 0 mauvaise, 1 moyenne, 2 bonne isolation';

CREATE TABLE bdd_coordination_schema.equipement_domotique_type (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_type IS 'Familles d''équipements domotiques ; leur table détail porte leur nom';

CREATE TABLE bdd_coordination_schema.equipement_domotique_usage (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_usage IS 'Ce que fait l''équipement domotique pour l''équipement piloté';

CREATE TABLE bdd_coordination_schema.equipement_pilote_etat_commande (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_etat_commande IS 'État de l''automate de commande';

CREATE TABLE bdd_coordination_schema.equipement_pilote_etat_controle (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_etat_controle IS 'État constaté de l''alimentation';

CREATE TABLE bdd_coordination_schema.equipement_pilote_machine_generique_cycle (
    id SERIAL NOT NULL,
    equipement_pilote_machine_generique_id INTEGER NOT NULL,
    duree_cycle INTEGER NOT NULL CHECK (duree_cycle >= 0),
    nom TEXT NOT NULL,
    description TEXT NOT NULL,
    timestamp_dernier_declenchement INTEGER DEFAULT 0 NOT NULL CHECK (timestamp_dernier_declenchement >= 0),
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_machine_generique_cycle IS 'Un programme d''une machine (version 6)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique_cycle.equipement_pilote_machine_generique_id IS 'machine (Déduit : sans clé étrangère, les deux tables se désignent l''une l''autre)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique_cycle.duree_cycle IS 'durée, secondes (unité déduite)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique_cycle.nom IS 'aucun si rien';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique_cycle.description IS 'aucun si rien';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique_cycle.timestamp_dernier_declenchement IS 'secondes Unix';

CREATE TABLE bdd_coordination_schema.equipement_pilote_ou_mesure_mode (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_ou_mesure_mode IS 'Qui peut commander l''équipement ; l''EMS ne place que le mode 30';

CREATE TABLE bdd_coordination_schema.equipement_pilote_ou_mesure_type (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_ou_mesure_type IS 'Types d''équipements : < 400 foyers, 400-499 communs, >= 500 professionnels, >= 900 production';

CREATE TABLE bdd_coordination_schema.equipement_pilote_typologie_installation_domotique (
    id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_typologie_installation_domotique IS 'Par quels équipements domotiques un équipement est piloté';

CREATE TABLE elfe.ability (
    appliance_id INTEGER NOT NULL,
    modulates BOOLEAN NOT NULL,
    PRIMARY KEY (appliance_id)
);

COMMENT ON TABLE elfe.ability IS 'Vehicles whose charge may pause: the plan may cut it as often as it likes';

COMMENT ON COLUMN elfe.ability.appliance_id IS 'as equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.ability.modulates IS 'whether it takes any power up to its own; else on or off';

CREATE TABLE elfe.battery (
    appliance_id INTEGER NOT NULL,
    capacity_wh INTEGER NOT NULL,
    charge_w INTEGER NOT NULL,
    discharge_w INTEGER NOT NULL,
    least_pct INTEGER NOT NULL,
    efficiency FLOAT NOT NULL,
    power_series INTEGER NOT NULL,
    charge_series INTEGER NOT NULL,
    PRIMARY KEY (appliance_id)
);

COMMENT ON TABLE elfe.battery IS 'Batteries';

COMMENT ON COLUMN elfe.battery.appliance_id IS 'as equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.battery.capacity_wh IS 'Wh';

COMMENT ON COLUMN elfe.battery.charge_w IS 'W at most';

COMMENT ON COLUMN elfe.battery.discharge_w IS 'W at most';

COMMENT ON COLUMN elfe.battery.least_pct IS 'of its capacity, never given';

COMMENT ON COLUMN elfe.battery.efficiency IS 'of a round trip, 0 to 1';

COMMENT ON COLUMN elfe.battery.power_series IS 'series of its power, positive where it is charged; 0: not measured';

COMMENT ON COLUMN elfe.battery.charge_series IS 'series of its charge, %; 0: not measured';

CREATE TABLE elfe.command_order (
    id VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    device_id VARCHAR NOT NULL,
    appliance_id INTEGER NOT NULL,
    flexibility_id INTEGER NOT NULL,
    why VARCHAR NOT NULL,
    is_on BOOLEAN NOT NULL,
    powers BOOLEAN NOT NULL,
    slot BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    cause VARCHAR NOT NULL,
    press BOOLEAN DEFAULT false NOT NULL,
    step INTEGER DEFAULT 0 NOT NULL,
    again INTEGER DEFAULT 0 NOT NULL,
    seen_w FLOAT,
    attempts INTEGER NOT NULL,
    wanted_ms BIGINT NOT NULL,
    recorded_ms BIGINT,
    sent_ms BIGINT,
    acknowledged_ms BIGINT,
    proved_ms BIGINT,
    ended_ms BIGINT,
    PRIMARY KEY (id),
    UNIQUE (key)
);

CREATE INDEX command_order_appliance ON elfe.command_order (appliance_id, slot);

CREATE INDEX command_order_live ON elfe.command_order (stage, slot);

COMMENT ON TABLE elfe.command_order IS 'One row per order; unique by point, slot, level, purpose, flexibility.';

COMMENT ON COLUMN elfe.command_order.id IS 'UUID, made before anything is sent';

COMMENT ON COLUMN elfe.command_order.key IS 'the same order is never made twice';

COMMENT ON COLUMN elfe.command_order.device_id IS 'installation point, as equipement_domotique.id';

COMMENT ON COLUMN elfe.command_order.appliance_id IS 'as equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.command_order.flexibility_id IS 'its stay in mode 30, elfe.flexibility';

COMMENT ON COLUMN elfe.command_order.why IS 'wait, start, plan, guarantee, release, restore, hold or hand';

COMMENT ON COLUMN elfe.command_order.is_on IS 'the wanted level of the output';

COMMENT ON COLUMN elfe.command_order.powers IS 'whether the appliance has its supply at that level';

COMMENT ON COLUMN elfe.command_order.slot IS 'epoch // 900, its validity';

COMMENT ON COLUMN elfe.command_order.status IS 'the stage in the seven words of S2 (EN 50491-12-2)';

COMMENT ON COLUMN elfe.command_order.stage IS 'where it stands, in our words';

COMMENT ON COLUMN elfe.command_order.cause IS 'why it ended so';

COMMENT ON COLUMN elfe.command_order.press IS 'a press, sent once; otherwise a level';

COMMENT ON COLUMN elfe.command_order.step IS 'which press of a start''s sequence';

COMMENT ON COLUMN elfe.command_order.again IS 'how many orders were made for that step before';

COMMENT ON COLUMN elfe.command_order.seen_w IS 'the last power measured behind it, W';

COMMENT ON COLUMN elfe.command_order.attempts IS 'how often it was sent';

COMMENT ON COLUMN elfe.command_order.wanted_ms IS 'epoch ms';

COMMENT ON COLUMN elfe.command_order.recorded_ms IS 'epoch ms';

COMMENT ON COLUMN elfe.command_order.sent_ms IS 'epoch ms, first time';

COMMENT ON COLUMN elfe.command_order.acknowledged_ms IS 'epoch ms, by the device''s own word';

COMMENT ON COLUMN elfe.command_order.proved_ms IS 'epoch ms, by measured power';

COMMENT ON COLUMN elfe.command_order.ended_ms IS 'epoch ms';

CREATE TABLE elfe.departure (
    id SERIAL NOT NULL,
    reference VARCHAR NOT NULL,
    left_at BIGINT NOT NULL,
    keeps_measures BOOLEAN NOT NULL,
    pending VARCHAR NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE elfe.departure IS 'Who left when; done again after a restore from an older backup';

COMMENT ON COLUMN elfe.departure.reference IS 'R004; nothing leads from it to an appliance or a measure';

COMMENT ON COLUMN elfe.departure.left_at IS 'epoch s';

COMMENT ON COLUMN elfe.departure.keeps_measures IS 'the consent to keep measures without a name';

COMMENT ON COLUMN elfe.departure.pending IS 'JSON: point to appliance, whose measures are still to be erased; empty when it is done';

CREATE TABLE elfe.device_setting (
    device_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (device_id, name)
);

COMMENT ON TABLE elfe.device_setting IS 'Settings as last read back; only expected ones, never a secret';

COMMENT ON COLUMN elfe.device_setting.device_id IS 'installation point';

COMMENT ON COLUMN elfe.device_setting.name IS 'in the words of its family';

COMMENT ON COLUMN elfe.device_setting.value IS 'as it was read back';

COMMENT ON COLUMN elfe.device_setting.read_at IS 'epoch s';

CREATE TABLE elfe.device_state (
    device_id VARCHAR NOT NULL,
    presence VARCHAR NOT NULL,
    presence_at BIGINT,
    heard_at BIGINT,
    firmware VARCHAR NOT NULL,
    newer VARCHAR NOT NULL,
    firmware_at BIGINT,
    PRIMARY KEY (device_id)
);

COMMENT ON TABLE elfe.device_state IS 'How each device is: bounded, at most a row''s write a minute';

COMMENT ON COLUMN elfe.device_state.device_id IS 'installation point, as equipement_domotique.id';

COMMENT ON COLUMN elfe.device_state.presence IS 'online, offline, asleep, or empty: never said';

COMMENT ON COLUMN elfe.device_state.presence_at IS 'epoch s, when it became so';

COMMENT ON COLUMN elfe.device_state.heard_at IS 'epoch s, its last word; what the broker kept does not count';

COMMENT ON COLUMN elfe.device_state.firmware IS 'the version that it runs';

COMMENT ON COLUMN elfe.device_state.newer IS 'the newer one that it knows of';

COMMENT ON COLUMN elfe.device_state.firmware_at IS 'epoch s, when it said so';

CREATE TABLE elfe.duty (
    appliance_id INTEGER NOT NULL,
    power_w INTEGER NOT NULL,
    lasts_s INTEGER NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    power_series INTEGER NOT NULL,
    PRIMARY KEY (appliance_id)
);

COMMENT ON TABLE elfe.duty IS 'What only must run some hours of each local day';

COMMENT ON COLUMN elfe.duty.appliance_id IS 'as equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.duty.power_w IS 'W while it runs';

COMMENT ON COLUMN elfe.duty.lasts_s IS 'seconds a day';

COMMENT ON COLUMN elfe.duty.start_s IS 'local seconds after midnight, from which it may run';

COMMENT ON COLUMN elfe.duty.end_s IS 'until which; before the start: across midnight';

COMMENT ON COLUMN elfe.duty.power_series IS 'series of its power, as mesures_puissance_elec_id; 0: not measured';

CREATE TABLE elfe.firmware_campaign (
    id SERIAL NOT NULL,
    type_id INTEGER NOT NULL,
    opened_at BIGINT NOT NULL,
    ring INTEGER NOT NULL,
    ring_at BIGINT NOT NULL,
    anyway BOOLEAN NOT NULL,
    stopped_at BIGINT,
    why_stopped VARCHAR NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX firmware_campaign_one_open ON elfe.firmware_campaign (type_id) WHERE closed_at IS NULL;

COMMENT ON TABLE elfe.firmware_campaign IS 'A firmware brought to one device type in rings; at most one open per type';

COMMENT ON COLUMN elfe.firmware_campaign.type_id IS 'as equipement_domotique_type';

COMMENT ON COLUMN elfe.firmware_campaign.opened_at IS 'epoch s';

COMMENT ON COLUMN elfe.firmware_campaign.ring IS '0 volunteers, 1 ten per cent, 2 all';

COMMENT ON COLUMN elfe.firmware_campaign.ring_at IS 'epoch s, when the ring was opened';

COMMENT ON COLUMN elfe.firmware_campaign.anyway IS 'told though none knows of a newer version';

COMMENT ON COLUMN elfe.firmware_campaign.stopped_at IS 'epoch s; it goes no further';

COMMENT ON COLUMN elfe.firmware_campaign.why_stopped IS 'who or what stopped it';

COMMENT ON COLUMN elfe.firmware_campaign.closed_at IS 'epoch s; finished, or given up for a new one';

CREATE TABLE elfe.firmware_volunteer (
    reference VARCHAR NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (reference)
);

COMMENT ON TABLE elfe.firmware_volunteer IS 'Participants whose devices are updated first';

COMMENT ON COLUMN elfe.firmware_volunteer.reference IS 'R004';

COMMENT ON COLUMN elfe.firmware_volunteer.since IS 'epoch s';

CREATE TABLE elfe.hold (
    id SERIAL NOT NULL,
    appliance_id INTEGER,
    supply BOOLEAN,
    since BIGINT NOT NULL,
    until BIGINT,
    origin VARCHAR NOT NULL,
    who VARCHAR NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (id)
);

CREATE INDEX hold_open ON elfe.hold (appliance_id) WHERE ended_at IS NULL;

COMMENT ON TABLE elfe.hold IS 'What people decided for a while; it goes before the plan';

COMMENT ON COLUMN elfe.hold.appliance_id IS 'equipement_pilote_ou_mesure.id; NULL: every appliance';

COMMENT ON COLUMN elfe.hold.supply IS 'true: supplied, false: cut, NULL: left alone, whatever it does';

COMMENT ON COLUMN elfe.hold.since IS 'epoch s';

COMMENT ON COLUMN elfe.hold.until IS 'epoch s; NULL: until it is taken back';

COMMENT ON COLUMN elfe.hold.origin IS 'device, screen, portal or centre';

COMMENT ON COLUMN elfe.hold.who IS 'the person''s reference, or the account at the centre';

COMMENT ON COLUMN elfe.hold.ended_at IS 'epoch s; NULL: it holds, unless its end has passed';

CREATE TABLE elfe.leader (
    share INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    beat_s FLOAT NOT NULL,
    PRIMARY KEY (share)
);

COMMENT ON TABLE elfe.leader IS 'Who drives: an engine whose epoch has passed writes nothing';

COMMENT ON COLUMN elfe.leader.share IS 'the worker''s number, from 1';

COMMENT ON COLUMN elfe.leader.epoch IS 'how often the lead was taken';

COMMENT ON COLUMN elfe.leader.beat_s IS 'epoch s by the database''s clock, when its leader was last alive';

CREATE TABLE elfe.mail (
    day VARCHAR NOT NULL,
    reference VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    problem VARCHAR NOT NULL,
    PRIMARY KEY (day, reference)
);

COMMENT ON TABLE elfe.mail IS 'One mail a day and participant, whatever restarts';

COMMENT ON COLUMN elfe.mail.day IS 'the local day, ISO';

COMMENT ON COLUMN elfe.mail.reference IS 'R004';

COMMENT ON COLUMN elfe.mail.status IS 'sending, sent or refused';

COMMENT ON COLUMN elfe.mail.at IS 'epoch s, of the last try';

COMMENT ON COLUMN elfe.mail.tries IS 'how often it was tried';

COMMENT ON COLUMN elfe.mail.problem IS 'what the server said';

CREATE TABLE elfe.mail_unsubscribed (
    reference VARCHAR NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (reference)
);

COMMENT ON TABLE elfe.mail_unsubscribed IS 'Participants who want no daily mail';

COMMENT ON COLUMN elfe.mail_unsubscribed.reference IS 'R004';

COMMENT ON COLUMN elfe.mail_unsubscribed.since IS 'epoch s';

CREATE TABLE elfe.participant (
    reference TEXT NOT NULL,
    email TEXT DEFAULT '' NOT NULL,
    observer BOOLEAN NOT NULL,
    subscribed_w INTEGER,
    PRIMARY KEY (reference)
);

COMMENT ON TABLE elfe.participant IS 'A participant of the inventory';

COMMENT ON COLUMN elfe.participant.reference IS 'R004';

COMMENT ON COLUMN elfe.participant.email IS 'empty when unknown';

COMMENT ON COLUMN elfe.participant.observer IS 'sees, does not set';

COMMENT ON COLUMN elfe.participant.subscribed_w IS 'W, what its lent loads may draw at once; NULL: [ems] home_w counts';

CREATE TABLE elfe.taken_over (
    id SERIAL NOT NULL,
    appliance_id INTEGER NOT NULL,
    device_id VARCHAR NOT NULL,
    mode_before INTEGER NOT NULL,
    since BIGINT NOT NULL,
    given_back_at BIGINT,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX taken_over_one_open ON elfe.taken_over (appliance_id) WHERE given_back_at IS NULL;

COMMENT ON TABLE elfe.taken_over IS 'Mode 70 that we wrote because a unit went local; any other 70 is an operator''s own';

COMMENT ON COLUMN elfe.taken_over.appliance_id IS 'equipement_pilote_ou_mesure.id';

COMMENT ON COLUMN elfe.taken_over.device_id IS 'the installation point that said so';

COMMENT ON COLUMN elfe.taken_over.mode_before IS '20 or 30; what giving it back restores';

COMMENT ON COLUMN elfe.taken_over.since IS 'epoch s';

COMMENT ON COLUMN elfe.taken_over.given_back_at IS 'epoch s; NULL: still local';

CREATE TABLE elfe.version_coordination (
    version_num VARCHAR(32) NOT NULL,
    PRIMARY KEY (version_num)
);

COMMENT ON TABLE elfe.version_coordination IS 'At which revision the tables of coordination are';

COMMENT ON COLUMN elfe.version_coordination.version_num IS 'a revision of elfe, as Alembic keeps it';

CREATE TABLE elfe.visit (
    id SERIAL NOT NULL,
    home VARCHAR NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    revision INTEGER NOT NULL,
    body VARCHAR NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (home, opened_at)
);

CREATE INDEX ix_elfe_visit_home ON elfe.visit (home);

COMMENT ON TABLE elfe.visit IS 'An installer''s visits, with what is still to be proved; never a secret';

COMMENT ON COLUMN elfe.visit.home IS 'the participant''s reference, R004';

COMMENT ON COLUMN elfe.visit.opened_at IS 'epoch s';

COMMENT ON COLUMN elfe.visit.closed_at IS 'epoch s; NULL: open';

COMMENT ON COLUMN elfe.visit.revision IS 'counts what happened: an older copy never overwrites a newer one';

COMMENT ON COLUMN elfe.visit.body IS 'JSON: who, which devices, how each step went';

CREATE TABLE elfe.visit_task (
    id SERIAL NOT NULL,
    device_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    says VARCHAR NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX visit_task_one_open ON elfe.visit_task (device_id, kind) WHERE closed_at IS NULL;

COMMENT ON TABLE elfe.visit_task IS 'What only a visit can do';

COMMENT ON COLUMN elfe.visit_task.device_id IS 'installation point';

COMMENT ON COLUMN elfe.visit_task.kind IS 'configure, firmware or check';

COMMENT ON COLUMN elfe.visit_task.says IS 'what is to be done, in French';

COMMENT ON COLUMN elfe.visit_task.opened_at IS 'epoch s';

COMMENT ON COLUMN elfe.visit_task.closed_at IS 'epoch s; NULL: to be done';

CREATE TABLE elfe.weather_cohort (
    reference VARCHAR NOT NULL,
    cohort VARCHAR NOT NULL,
    PRIMARY KEY (reference)
);

COMMENT ON TABLE elfe.weather_cohort IS 'Which group''s weather a participant sees';

COMMENT ON COLUMN elfe.weather_cohort.reference IS 'R004';

COMMENT ON COLUMN elfe.weather_cohort.cohort IS 'the group''s name';

CREATE TABLE elfe.weather_threshold (
    cohort VARCHAR NOT NULL,
    valid_from BIGINT NOT NULL,
    very_low FLOAT NOT NULL,
    low FLOAT NOT NULL,
    high FLOAT NOT NULL,
    very_high FLOAT NOT NULL,
    PRIMARY KEY (cohort, valid_from)
);

COMMENT ON TABLE elfe.weather_threshold IS 'Dated thresholds of the energy weather, W of balance';

COMMENT ON COLUMN elfe.weather_threshold.cohort IS 'a group of participants; empty: everybody without one';

COMMENT ON COLUMN elfe.weather_threshold.valid_from IS 'epoch s';

COMMENT ON COLUMN elfe.weather_threshold.very_low IS 'W, end of --';

COMMENT ON COLUMN elfe.weather_threshold.low IS 'W, end of -';

COMMENT ON COLUMN elfe.weather_threshold.high IS 'W, end of 0';

COMMENT ON COLUMN elfe.weather_threshold.very_high IS 'W, end of +';

CREATE TABLE elfe.weather_window (
    day VARCHAR NOT NULL,
    cohort VARCHAR NOT NULL,
    first_slot BIGINT NOT NULL,
    end_slot BIGINT NOT NULL,
    PRIMARY KEY (day, cohort, first_slot)
);

COMMENT ON TABLE elfe.weather_window IS 'The good windows announced each day, to be judged by what came';

COMMENT ON COLUMN elfe.weather_window.day IS 'the local day of the announcement, ISO';

COMMENT ON COLUMN elfe.weather_window.cohort IS 'the group that it was announced to';

COMMENT ON COLUMN elfe.weather_window.first_slot IS 'epoch // 900';

COMMENT ON COLUMN elfe.weather_window.end_slot IS 'epoch // 900, excluded';

CREATE TABLE bdd_coordination_schema.equipement_pilote_consommation_moyenne (
    equipement_pilote_type_id INTEGER NOT NULL,
    consommation NUMERIC NOT NULL,
    PRIMARY KEY (equipement_pilote_type_id),
    FOREIGN KEY(equipement_pilote_type_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure_type (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_consommation_moyenne IS 'Déduit : énergie moyenne d''un lancement par type d''équipement (lu par les Indicateurs)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_consommation_moyenne.consommation IS 'Wh';

CREATE TABLE bdd_coordination_schema.equipement_pilote_ou_mesure (
    id SERIAL NOT NULL,
    equipement_pilote_specifique_id INTEGER NOT NULL,
    typologie_installation_domotique_id INTEGER NOT NULL CHECK (typologie_installation_domotique_id > 0),
    nom_humain TEXT NOT NULL,
    description TEXT NOT NULL,
    equipement_pilote_ou_mesure_type_id INTEGER NOT NULL CHECK (equipement_pilote_ou_mesure_type_id > 0),
    equipement_pilote_ou_mesure_mode_id INTEGER NOT NULL CHECK (equipement_pilote_ou_mesure_mode_id > 0),
    etat_controle_id INTEGER NOT NULL CHECK (etat_controle_id > 0),
    etat_commande_id INTEGER NOT NULL CHECK (etat_commande_id > 0),
    ems_consigne_marche BOOLEAN NOT NULL,
    timestamp_derniere_mise_en_marche INTEGER DEFAULT 0 NOT NULL CHECK (timestamp_derniere_mise_en_marche >= 0),
    timestamp_derniere_programmation INTEGER DEFAULT 0 NOT NULL CHECK (timestamp_derniere_programmation >= 0),
    utilisateur TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (id, equipement_pilote_specifique_id),
    FOREIGN KEY(typologie_installation_domotique_id) REFERENCES bdd_coordination_schema.equipement_pilote_typologie_installation_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(equipement_pilote_ou_mesure_type_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure_type (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(equipement_pilote_ou_mesure_mode_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure_mode (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(etat_controle_id) REFERENCES bdd_coordination_schema.equipement_pilote_etat_controle (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(etat_commande_id) REFERENCES bdd_coordination_schema.equipement_pilote_etat_commande (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_ou_mesure IS 'Un équipement piloté ou mesuré ; id = machine_id de result = identifiant elfe de Viriya';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.equipement_pilote_specifique_id IS 'id de la ligne dans la table du type (pas de clé étrangère)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.nom_humain IS 'nom affiché';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.description IS 'aucun si rien';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.equipement_pilote_ou_mesure_type_id IS 'recopié dans result.machine_type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.equipement_pilote_ou_mesure_mode_id IS '30 = piloté';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.etat_controle_id IS 'état constaté';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.etat_commande_id IS 'état de l''automate';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.ems_consigne_marche IS 'consigne de l''EMS en cours, écrite par le contrôle-commande';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.timestamp_derniere_mise_en_marche IS 'dernière mise en marche, secondes Unix';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.timestamp_derniere_programmation IS 'dernière déclaration, secondes Unix';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ou_mesure.utilisateur IS 'code du participant, R004';

CREATE TABLE elfe.command_order_event (
    id SERIAL NOT NULL,
    order_id VARCHAR NOT NULL,
    at_ms BIGINT NOT NULL,
    happened VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES elfe.command_order (id)
);

CREATE INDEX ix_elfe_command_order_event_order_id ON elfe.command_order_event (order_id);

COMMENT ON TABLE elfe.command_order_event IS 'Append-only: what happened to each order, in order.';

COMMENT ON COLUMN elfe.command_order_event.at_ms IS 'epoch ms';

COMMENT ON COLUMN elfe.command_order_event.happened IS 'recorded, sent, acknowledged, proved, refused, ...';

COMMENT ON COLUMN elfe.command_order_event.stage IS 'the stage after it';

COMMENT ON COLUMN elfe.command_order_event.detail IS 'a cause, the device''s own words';

CREATE TABLE elfe.firmware_unit (
    campaign_id INTEGER NOT NULL,
    unit VARCHAR NOT NULL,
    ring INTEGER NOT NULL,
    told_at BIGINT NOT NULL,
    was VARCHAR NOT NULL,
    brings VARCHAR NOT NULL,
    PRIMARY KEY (campaign_id, unit),
    FOREIGN KEY(campaign_id) REFERENCES elfe.firmware_campaign (id)
);

COMMENT ON TABLE elfe.firmware_unit IS 'Which unit was told to update when, and what it ran then';

COMMENT ON COLUMN elfe.firmware_unit.unit IS 'its first installation point';

COMMENT ON COLUMN elfe.firmware_unit.ring IS '0, 1 or 2';

COMMENT ON COLUMN elfe.firmware_unit.told_at IS 'epoch s, the last time';

COMMENT ON COLUMN elfe.firmware_unit.was IS 'the version that it ran';

COMMENT ON COLUMN elfe.firmware_unit.brings IS 'the stepping stone that it was told to take; empty: the newest';

CREATE TABLE bdd_coordination_schema.equipement_domotique (
    id TEXT NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    equipement_domotique_type_id INTEGER NOT NULL CHECK (equipement_domotique_type_id > 0),
    equipement_domotique_usage_id INTEGER NOT NULL CHECK (equipement_domotique_usage_id > 0),
    id_materiel TEXT DEFAULT 'non renseigné' NOT NULL,
    marque TEXT DEFAULT 'non renseigné' NOT NULL,
    utilisateur TEXT NOT NULL,
    utilisateur_affecte BOOLEAN NOT NULL,
    equipement_domotique_specifique_id TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (id, equipement_domotique_specifique_id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(equipement_domotique_type_id) REFERENCES bdd_coordination_schema.equipement_domotique_type (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(equipement_domotique_usage_id) REFERENCES bdd_coordination_schema.equipement_domotique_usage (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique IS 'Un équipement domotique sur son point d''installation (A003, B001, D101...)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique.id_materiel IS 'identifiant matériel, A8BC25';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique.utilisateur IS 'code du participant, R004';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique.utilisateur_affecte IS 'l''équipement est chez ce participant';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique.equipement_domotique_specifique_id IS 'id de la ligne dans la table du type';

CREATE TABLE bdd_coordination_schema.equipement_mesure_centrale_elec_generique (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_mesure_centrale_elec_generique IS 'Centrales de production (présence en version 6 déduite)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_mesure_centrale_elec_generique.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

CREATE TABLE bdd_coordination_schema.equipement_mesure_compteur_electrique (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    numero_pdl TEXT DEFAULT '0' NOT NULL,
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_mesure_compteur_electrique IS 'Compteurs électriques';

COMMENT ON COLUMN bdd_coordination_schema.equipement_mesure_compteur_electrique.numero_pdl IS 'numéro de point de livraison, texte pour garder les 0';

COMMENT ON COLUMN bdd_coordination_schema.equipement_mesure_compteur_electrique.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

CREATE TABLE bdd_coordination_schema.equipement_pilote_ballon_ecs (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    volume_ballon INTEGER NOT NULL CHECK (volume_ballon > 0),
    puissance_chauffe INTEGER NOT NULL CHECK (puissance_chauffe > 0),
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_ballon_ecs IS 'Ballons d''eau chaude électriques';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs.volume_ballon IS 'litres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs.puissance_chauffe IS 'W';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

CREATE TABLE bdd_coordination_schema.equipement_pilote_chauffage_asservi (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    temperature_eco INTEGER NOT NULL CHECK (temperature_eco > 0),
    temperature_confort INTEGER NOT NULL CHECK (temperature_confort > 0),
    prog_semaine_periode_1_confort_actif BOOLEAN NOT NULL,
    prog_semaine_periode_1_confort_heure_debut INTEGER NOT NULL CHECK (prog_semaine_periode_1_confort_heure_debut > 0),
    prog_semaine_periode_1_confort_heure_fin INTEGER NOT NULL CHECK (prog_semaine_periode_1_confort_heure_fin > 0),
    prog_semaine_periode_2_confort_actif BOOLEAN NOT NULL,
    prog_semaine_periode_2_confort_heure_debut INTEGER NOT NULL CHECK (prog_semaine_periode_2_confort_heure_debut > 0),
    prog_semaine_periode_2_confort_heure_fin INTEGER NOT NULL CHECK (prog_semaine_periode_2_confort_heure_fin > 0),
    prog_weekend_periode_1_confort_actif BOOLEAN NOT NULL,
    prog_weekend_periode_1_confort_heure_debut INTEGER NOT NULL CHECK (prog_weekend_periode_1_confort_heure_debut > 0),
    prog_weekend_periode_1_confort_heure_fin INTEGER NOT NULL CHECK (prog_weekend_periode_1_confort_heure_fin > 0),
    prog_weekend_periode_2_confort_actif BOOLEAN NOT NULL,
    prog_weekend_periode_2_confort_heure_debut INTEGER NOT NULL CHECK (prog_weekend_periode_2_confort_heure_debut > 0),
    prog_weekend_periode_2_confort_heure_fin INTEGER NOT NULL CHECK (prog_weekend_periode_2_confort_heure_fin > 0),
    delta_temp_maximale_temp_demandee INTEGER NOT NULL CHECK (delta_temp_maximale_temp_demandee >= 0),
    puissance INTEGER NOT NULL CHECK (puissance > 0),
    modele_thermique_id INTEGER NOT NULL,
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    mesure_temperature_id INTEGER NOT NULL CHECK (mesure_temperature_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(modele_thermique_id) REFERENCES bdd_coordination_schema.chauffage_asservi_modele_thermique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_chauffage_asservi IS 'Chauffages asservis à la température (version 6)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.temperature_eco IS 'décikelvin';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.temperature_confort IS 'décikelvin';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_semaine_periode_1_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_semaine_periode_1_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_semaine_periode_2_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_semaine_periode_2_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_weekend_periode_1_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_weekend_periode_1_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_weekend_periode_2_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.prog_weekend_periode_2_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.delta_temp_maximale_temp_demandee IS 'décikelvin, de part et d''autre';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.puissance IS 'W';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.modele_thermique_id IS 'clé étrangère déduite';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_asservi.mesure_temperature_id IS 'série de température dans l''historique';

CREATE TABLE bdd_coordination_schema.equipement_pilote_chauffage_non_asservi (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    prog_semaine_periode_1_confort_actif BOOLEAN NOT NULL,
    prog_semaine_periode_1_confort_heure_debut INTEGER NOT NULL CHECK (prog_semaine_periode_1_confort_heure_debut > 0),
    prog_semaine_periode_1_confort_heure_fin INTEGER NOT NULL CHECK (prog_semaine_periode_1_confort_heure_fin > 0),
    prog_semaine_periode_2_confort_actif BOOLEAN NOT NULL,
    prog_semaine_periode_2_confort_heure_debut INTEGER NOT NULL CHECK (prog_semaine_periode_2_confort_heure_debut > 0),
    prog_semaine_periode_2_confort_heure_fin INTEGER NOT NULL CHECK (prog_semaine_periode_2_confort_heure_fin > 0),
    prog_weekend_periode_1_confort_actif BOOLEAN NOT NULL,
    prog_weekend_periode_1_confort_heure_debut INTEGER NOT NULL CHECK (prog_weekend_periode_1_confort_heure_debut > 0),
    prog_weekend_periode_1_confort_heure_fin INTEGER NOT NULL CHECK (prog_weekend_periode_1_confort_heure_fin > 0),
    prog_weekend_periode_2_confort_actif BOOLEAN NOT NULL,
    prog_weekend_periode_2_confort_heure_debut INTEGER NOT NULL CHECK (prog_weekend_periode_2_confort_heure_debut > 0),
    prog_weekend_periode_2_confort_heure_fin INTEGER NOT NULL CHECK (prog_weekend_periode_2_confort_heure_fin > 0),
    puissance_moyenne_eco INTEGER NOT NULL CHECK (puissance_moyenne_eco > 0),
    puissance_moyenne_confort INTEGER NOT NULL CHECK (puissance_moyenne_confort > 0),
    pourcentage_eco_force INTEGER NOT NULL CHECK (pourcentage_eco_force > 0),
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_chauffage_non_asservi IS 'Chauffages éco/confort (fil pilote)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_semaine_periode_1_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_semaine_periode_1_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_semaine_periode_2_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_semaine_periode_2_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_weekend_periode_1_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_weekend_periode_1_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_weekend_periode_2_confort_heure_debut IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.prog_weekend_periode_2_confort_heure_fin IS 'secondes après 0 h, heure locale (Déduit)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.puissance_moyenne_eco IS 'W';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.puissance_moyenne_confort IS 'W';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.pourcentage_eco_force IS '% du temps de confort passé en éco';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

CREATE TABLE bdd_coordination_schema.equipement_pilote_machine_generique (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    timestamp_de_fin_souhaite INTEGER NOT NULL CHECK (timestamp_de_fin_souhaite >= 0),
    delai_attente_maximale_apres_fin INTEGER NOT NULL CHECK (delai_attente_maximale_apres_fin >= 0),
    cycle_equipement_pilote_machine_generique_id INTEGER NOT NULL,
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    FOREIGN KEY(cycle_equipement_pilote_machine_generique_id) REFERENCES bdd_coordination_schema.equipement_pilote_machine_generique_cycle (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_machine_generique IS 'Machines à cycle : contraintes déclarées';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique.timestamp_de_fin_souhaite IS 'fin souhaitée au plus tard, secondes Unix';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique.delai_attente_maximale_apres_fin IS 'secondes que la machine finie peut attendre avant la fin souhaitée';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique.cycle_equipement_pilote_machine_generique_id IS 'programme choisi (version 6 ; clé étrangère déduite)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_machine_generique.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

CREATE TABLE bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique (
    id SERIAL NOT NULL,
    equipement_pilote_ou_mesure_id INTEGER NOT NULL,
    pourcentage_charge_restant INTEGER NOT NULL CHECK (pourcentage_charge_restant >= 0),
    pourcentage_charge_finale_minimale_souhaitee INTEGER NOT NULL CHECK (pourcentage_charge_finale_minimale_souhaitee > 0),
    duree_de_charge_estimee INTEGER NOT NULL CHECK (duree_de_charge_estimee >= 0),
    timestamp_dispo_souhaitee INTEGER NOT NULL CHECK (timestamp_dispo_souhaitee >= 0),
    puissance_de_charge INTEGER NOT NULL CHECK (puissance_de_charge > 0),
    capacite_de_batterie INTEGER NOT NULL CHECK (capacite_de_batterie > 0),
    mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique IS 'Véhicules électriques : contraintes déclarées';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.pourcentage_charge_restant IS 'charge actuelle, %';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.pourcentage_charge_finale_minimale_souhaitee IS 'charge minimale souhaitée, %';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.duree_de_charge_estimee IS 'secondes';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.timestamp_dispo_souhaitee IS 'disponible au plus tard, secondes Unix';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.puissance_de_charge IS 'W';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.capacite_de_batterie IS 'Wh';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.mesures_puissance_elec_id IS 'série de puissance dans l''historique';

CREATE TABLE elfe.flexibility (
    id SERIAL NOT NULL,
    appliance_id INTEGER NOT NULL,
    opened_at BIGINT NOT NULL,
    deadline BIGINT,
    lasts_s INTEGER,
    started_at BIGINT,
    closed_at BIGINT,
    outcome TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(appliance_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

CREATE UNIQUE INDEX flexibility_one_open ON elfe.flexibility (appliance_id) WHERE closed_at IS NULL;

COMMENT ON TABLE elfe.flexibility IS 'One stay in mode 30: opened on entering it, closed on leaving it';

COMMENT ON COLUMN elfe.flexibility.opened_at IS 'epoch s';

COMMENT ON COLUMN elfe.flexibility.deadline IS 'epoch s';

COMMENT ON COLUMN elfe.flexibility.lasts_s IS 'seconds';

COMMENT ON COLUMN elfe.flexibility.started_at IS 'epoch s; the device has acknowledged its start';

COMMENT ON COLUMN elfe.flexibility.closed_at IS 'epoch s';

COMMENT ON COLUMN elfe.flexibility.outcome IS 'why it was closed';

CREATE TABLE bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0 IS 'Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12 IS 'Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1 IS 'Déduit de la règle de nommage. Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1 IS 'Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_et_mesure_json TEXT NOT NULL,
    topic_mqtt_commande_json TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1 IS 'Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1.topic_mqtt_controle_et_mesure_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1.topic_mqtt_commande_json IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_socorel_automate_v0 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_socorel_automate_v0 IS 'Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_socorel_automate_v0.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_socorel_automate_v0.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_socorel_automate_v0.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_socorel_automate_v0.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7 IS 'Déduit de la règle de nommage. Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12 (
    id SERIAL NOT NULL,
    equipement_domotique_id TEXT NOT NULL,
    topic_mqtt_controle_json TEXT NOT NULL,
    topic_mqtt_commande_text TEXT NOT NULL,
    topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12 IS 'Topics MQTT des équipements de ce type';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12.id IS 'Déduit : un entier, que le premier contrôle-commande écrit sans guillemets';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12.topic_mqtt_controle_json IS 'où l''appareil confirme';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12.topic_mqtt_commande_text IS 'où il reçoit ses ordres';

COMMENT ON COLUMN bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12.topic_mqtt_lwt IS 'son testament';

CREATE TABLE bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses (
    id SERIAL NOT NULL,
    equipement_pilote_ballon_ecs_id INTEGER NOT NULL,
    nom TEXT NOT NULL,
    description TEXT NOT NULL,
    actif BOOLEAN NOT NULL,
    debut INTEGER NOT NULL CHECK (debut >= 0),
    fin INTEGER NOT NULL CHECK (fin >= 0),
    PRIMARY KEY (id),
    FOREIGN KEY(equipement_pilote_ballon_ecs_id) REFERENCES bdd_coordination_schema.equipement_pilote_ballon_ecs (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

COMMENT ON TABLE bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses IS 'Heures creuses d''un ballon (version 6)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses.equipement_pilote_ballon_ecs_id IS 'ballon (clé étrangère déduite)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses.nom IS 'aucun si rien';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses.description IS 'aucun si rien';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses.debut IS 'secondes après minuit, heure locale (Déduit ; le premier EMS les lit en UTC)';

COMMENT ON COLUMN bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses.fin IS 'secondes après minuit ; plus de 86400 : le lendemain ; avant debut : aussi (Déduit)';

CREATE TABLE elfe.hardware (
    id SERIAL NOT NULL,
    device_id TEXT NOT NULL,
    type_id INTEGER NOT NULL,
    hardware_id TEXT NOT NULL,
    channel INTEGER NOT NULL CHECK (channel >= 0),
    templates TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    reason TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(device_id) REFERENCES bdd_coordination_schema.equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);

CREATE UNIQUE INDEX hardware_once ON elfe.hardware (type_id, hardware_id, channel) WHERE until IS NULL AND hardware_id <> '';

CREATE UNIQUE INDEX hardware_one_per_point ON elfe.hardware (device_id) WHERE until IS NULL;

COMMENT ON TABLE elfe.hardware IS 'The hardware on a point: it is replaced, the point remains';

COMMENT ON COLUMN elfe.hardware.device_id IS 'the installation point';

COMMENT ON COLUMN elfe.hardware.type_id IS 'as equipement_domotique_type';

COMMENT ON COLUMN elfe.hardware.hardware_id IS 'what is printed on it; empty when it does not matter';

COMMENT ON COLUMN elfe.hardware.channel IS 'which of its outputs';

COMMENT ON COLUMN elfe.hardware.templates IS 'JSON: its topic data';

COMMENT ON COLUMN elfe.hardware.since IS 'epoch s';

COMMENT ON COLUMN elfe.hardware.until IS 'epoch s; NULL: it is there';

COMMENT ON COLUMN elfe.hardware.reason IS 'why it left; empty while it is there, or when nobody said';

INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type (id, nom, nom_humain, description) VALUES
    (1, 'machine_generique', 'Machine générique', 'aucun'),
    (111, 'lave_vaisselle', 'Lave-vaisselle', 'aucun'),
    (112, 'lave_linge', 'Lave-linge', 'aucun'),
    (113, 'seche_linge', 'Sèche-linge', 'aucun'),
    (131, 'ballon_ecs', 'Ballon d''eau chaude', 'électrique, piloté en tout ou rien'),
    (151, 'chauffage_non_asservi', 'Chauffage éco/confort', 'fil pilote'),
    (155, 'chauffage_asservi', 'Chauffage asservi', 'piloté d''après la température mesurée'),
    (221, 'voiture_electrique', 'Voiture électrique', 'aucun'),
    (225, 'velo_assistance_electrique', 'Vélo à assistance électrique', 'aucun'),
    (410, 'compteur_electrique', 'Compteur électrique', 'aucun'),
    (515, 'chariot_elevateur_electrique', 'Chariot élévateur électrique', 'aucun'),
    (901, 'centrale_elec_generique', 'Centrale électrique', 'aucun'),
    (910, 'centrale_solaire_elec', 'Centrale solaire', 'aucun'),
    (920, 'centrale_eolienne_elec', 'Centrale éolienne', 'aucun');

INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode (id, nom, nom_humain, description) VALUES
    (1, 'non_pilote', 'Non piloté', 'mesuré seulement'),
    (10, 'installation', 'En installation', 'aucun'),
    (20, 'manuel', 'Manuel', 'le participant commande'),
    (30, 'pilote', 'Piloté', 'l''EMS place la consommation'),
    (70, 'desactive', 'Désactivé', 'aucun'),
    (80, 'suppr', 'Supprimé', 'aucun');

INSERT INTO bdd_coordination_schema.equipement_pilote_etat_controle (id, nom, nom_humain, description) VALUES
    (15, 'on', 'Alimenté', 'en attente ou en marche'),
    (25, 'off', 'Coupé', 'aucun'),
    (60, 'errcom', 'Erreur de communication', 'aucun'),
    (70, 'inconnu', 'Inconnu', 'aucun');

INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande (id, nom, nom_humain, description) VALUES
    (1, 'etat_initial', 'État initial', 'aucun'),
    (11, 'pilote_stand_by', 'En attente du créneau', 'coupé, ordre reçu'),
    (12, 'manuel_pilote_on', 'Manuel ou piloté, en marche', 'ancien en_attente_on ; jamais écrit par elfe'),
    (13, 'manuel_on', 'En marche', 'aucun'),
    (21, 'pilote_en_activation', 'En activation', 'aucun'),
    (30, 'err', 'Erreur', 'aucun'),
    (99, 'non_commande', 'Non commandé', 'aucun');

INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique (id, nom, nom_humain, description) VALUES
    (110, 'deux_relais', 'Deux relais', 'aucun'),
    (120, 'prise_commande', 'Prise commandée', 'aucun'),
    (130, 'prise_et_doigt', 'Prise et doigt robot', 'aucun'),
    (140, 'relai_et_capteur_temperature', 'Relais et capteur de température', 'aucun'),
    (150, 'prise_et_deux_doigts', 'Prise et deux doigts robots', 'aucun'),
    (160, 'prise_et_doigt_double_appui', 'Prise et doigt robot, double appui', 'aucun'),
    (170, 'prise_rallume_et_doigt', 'Prise rallumée et doigt robot', 'aucun'),
    (180, 'relai_et_compteur', 'Relais et compteur', 'aucun'),
    (190, 'relai_inverse', 'Relais inversé', 'en marche quand le relais est ouvert'),
    (200, 'TIC', 'Compteur', 'mesuré seulement ; venue après la version 6');

INSERT INTO bdd_coordination_schema.equipement_domotique_type (id, nom, nom_humain, description) VALUES
    (111, 'shellyplugs_shellycloud_v1', 'Prise Shelly Plug S', 'aucun'),
    (112, 'nous_a1t_tasmota_v12', 'Prise Nous A1T', 'aucun'),
    (211, 'teleinfo_tasmota_v12', 'Carte téléinfo et relais', 'aucun'),
    (311, 'switchbot_mqtt2ble_v7', 'Doigt robot Switchbot', 'table détail déduite'),
    (411, 'shellyplus1pm_shellycloud_v1', 'Relais Shelly Plus 1PM', 'aucun'),
    (611, 'shellyht_shellycloud_v1', 'Thermomètre Shelly H&T', 'table détail déduite'),
    (711, 'm5stackcore2_openhasp_v0', 'Écran ELFI', 'aucun'),
    (811, 'socorel_automate_v0', 'Sortie d''automate Socorel', 'aucun');

INSERT INTO bdd_coordination_schema.equipement_domotique_usage (id, nom, nom_humain, description) VALUES
    (11, 'mesurer_elec_commuter', 'Mesurer et commuter', 'aucun'),
    (12, 'commuter', 'Commuter', 'aucun'),
    (21, 'mesurer_elec', 'Mesurer', 'aucun'),
    (31, 'appuyer_power', 'Appuyer sur marche', 'aucun'),
    (32, 'appuyer_demarrage', 'Appuyer sur départ', 'aucun'),
    (61, 'mesurer_ambiance', 'Mesurer l''ambiance', 'aucun'),
    (71, 'ihm', 'Écran', 'aucun');

INSERT INTO bdd_coordination_schema.chauffage_asservi_modele_thermique (id, nom, description) VALUES
    (0, 'mauvaise', 'aucun'),
    (1, 'moyenne', 'aucun'),
    (2, 'bonne', 'aucun');

INSERT INTO elfe.version_coordination (version_num) VALUES
    ('0004');
