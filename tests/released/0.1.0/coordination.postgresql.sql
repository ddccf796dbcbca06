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
CREATE SCHEMA bdd_coordination_schema;
CREATE SCHEMA elfe;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE bdd_coordination_schema.chauffage_asservi_modele_thermique (
    id integer NOT NULL,
    nom text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_domotique (
    id text NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    equipement_domotique_type_id integer NOT NULL,
    equipement_domotique_usage_id integer NOT NULL,
    id_materiel text DEFAULT 'non renseigné'::text NOT NULL,
    marque text DEFAULT 'non renseigné'::text NOT NULL,
    utilisateur text NOT NULL,
    utilisateur_affecte boolean NOT NULL,
    equipement_domotique_specifique_id text NOT NULL,
    CONSTRAINT equipement_domotique_equipement_domotique_type_id_check CHECK ((equipement_domotique_type_id > 0)),
    CONSTRAINT equipement_domotique_equipement_domotique_usage_id_check CHECK ((equipement_domotique_usage_id > 0))
);
CREATE TABLE bdd_coordination_schema.equipement_domotique_any_plug_tasmota (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_any_plug_tasmota_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_any_plug_tasmota_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_any_plug_tasmota.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shelly1pm_gen3 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pm_gen3_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pm_gen3_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shelly1pm_gen3.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shelly1pm_gen4 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pm_gen4_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pm_gen4_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shelly1pm_gen4.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shelly2pm_gen3 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shelly2pm_gen3_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shelly2pm_gen3_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shelly2pm_gen3.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shelly2pm_gen4 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shelly2pm_gen4_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shelly2pm_gen4_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shelly2pm_gen4.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyht_gen3 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyht_gen3_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyht_gen3_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyht_gen3.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplugm_gen3 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplugm_gen3_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplugm_gen3_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplugm_gen3.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplugs_gen3 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplugs_gen3_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplugs_gen3_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplugs_gen3.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_et_mesure_json text NOT NULL,
    topic_mqtt_commande_json text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplusht_gen2 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplusht_gen2_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplusht_gen2_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplusht_gen2.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellypro1pm (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellypro1pm_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellypro1pm_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellypro1pm.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellypro2pm (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellypro2pm_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellypro2pm_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellypro2pm.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_shellypro4pm (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_shellypro4pm_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_shellypro4pm_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_shellypro4pm.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_socorel_automate_v0 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_socorel_automate_v0_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_socorel_automate_v0_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_socorel_automate_v0.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12 (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12.id;
CREATE TABLE bdd_coordination_schema.equipement_domotique_type (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_domotique_usage (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_domotique_xky_tic_tasmota (
    id integer NOT NULL,
    equipement_domotique_id text NOT NULL,
    topic_mqtt_controle_json text NOT NULL,
    topic_mqtt_commande_text text NOT NULL,
    topic_mqtt_lwt text DEFAULT 'aucun'::text NOT NULL
);
CREATE SEQUENCE bdd_coordination_schema.equipement_domotique_xky_tic_tasmota_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_domotique_xky_tic_tasmota_id_seq OWNED BY bdd_coordination_schema.equipement_domotique_xky_tic_tasmota.id;
CREATE TABLE bdd_coordination_schema.equipement_mesure_centrale_elec_generique (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    CONSTRAINT equipement_mesure_centrale_elec_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_mesure_centrale_elec_generique_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_mesure_centrale_elec_generique_id_seq OWNED BY bdd_coordination_schema.equipement_mesure_centrale_elec_generique.id;
CREATE TABLE bdd_coordination_schema.equipement_mesure_compteur_electrique (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    numero_pdl text DEFAULT '0'::text NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    CONSTRAINT equipement_mesure_compteur_elec_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_mesure_compteur_electrique_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_mesure_compteur_electrique_id_seq OWNED BY bdd_coordination_schema.equipement_mesure_compteur_electrique.id;
CREATE TABLE bdd_coordination_schema.equipement_pilote_ballon_ecs (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    volume_ballon integer NOT NULL,
    puissance_chauffe integer NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    CONSTRAINT equipement_pilote_ballon_ecs_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0)),
    CONSTRAINT equipement_pilote_ballon_ecs_puissance_chauffe_check CHECK ((puissance_chauffe > 0)),
    CONSTRAINT equipement_pilote_ballon_ecs_volume_ballon_check CHECK ((volume_ballon > 0))
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses (
    id integer NOT NULL,
    equipement_pilote_ballon_ecs_id integer NOT NULL,
    nom text NOT NULL,
    description text NOT NULL,
    actif boolean NOT NULL,
    debut integer NOT NULL,
    fin integer NOT NULL,
    CONSTRAINT equipement_pilote_ballon_ecs_heures_creuses_debut_check CHECK ((debut >= 0)),
    CONSTRAINT equipement_pilote_ballon_ecs_heures_creuses_fin_check CHECK ((fin >= 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses.id;
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_ballon_ecs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_ballon_ecs_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_ballon_ecs.id;
CREATE TABLE bdd_coordination_schema.equipement_pilote_chauffage_asservi (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    temperature_eco integer NOT NULL,
    temperature_confort integer NOT NULL,
    prog_semaine_periode_1_confort_actif boolean NOT NULL,
    prog_semaine_periode_1_confort_heure_debut integer NOT NULL,
    prog_semaine_periode_1_confort_heure_fin integer NOT NULL,
    prog_semaine_periode_2_confort_actif boolean NOT NULL,
    prog_semaine_periode_2_confort_heure_debut integer NOT NULL,
    prog_semaine_periode_2_confort_heure_fin integer NOT NULL,
    prog_weekend_periode_1_confort_actif boolean NOT NULL,
    prog_weekend_periode_1_confort_heure_debut integer NOT NULL,
    prog_weekend_periode_1_confort_heure_fin integer NOT NULL,
    prog_weekend_periode_2_confort_actif boolean NOT NULL,
    prog_weekend_periode_2_confort_heure_debut integer NOT NULL,
    prog_weekend_periode_2_confort_heure_fin integer NOT NULL,
    delta_temp_maximale_temp_demandee integer NOT NULL,
    puissance integer NOT NULL,
    modele_thermique_id integer NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    mesure_temperature_id integer NOT NULL,
    CONSTRAINT equipement_pilote_chauffage__delta_temp_maximale_temp_dem_check CHECK ((delta_temp_maximale_temp_demandee >= 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_1_conf_check1 CHECK ((prog_semaine_periode_1_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_1_confo_check CHECK ((prog_semaine_periode_1_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_2_conf_check1 CHECK ((prog_semaine_periode_2_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_2_confo_check CHECK ((prog_semaine_periode_2_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_1_conf_check1 CHECK ((prog_weekend_periode_1_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_1_confo_check CHECK ((prog_weekend_periode_1_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_2_conf_check1 CHECK ((prog_weekend_periode_2_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_2_confo_check CHECK ((prog_weekend_periode_2_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage_ass_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0)),
    CONSTRAINT equipement_pilote_chauffage_asservi_mesure_temperature_id_check CHECK ((mesure_temperature_id > 0)),
    CONSTRAINT equipement_pilote_chauffage_asservi_puissance_check CHECK ((puissance > 0)),
    CONSTRAINT equipement_pilote_chauffage_asservi_temperature_confort_check CHECK ((temperature_confort > 0)),
    CONSTRAINT equipement_pilote_chauffage_asservi_temperature_eco_check CHECK ((temperature_eco > 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_chauffage_asservi_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_chauffage_asservi_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_chauffage_asservi.id;
CREATE TABLE bdd_coordination_schema.equipement_pilote_chauffage_non_asservi (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    prog_semaine_periode_1_confort_actif boolean NOT NULL,
    prog_semaine_periode_1_confort_heure_debut integer NOT NULL,
    prog_semaine_periode_1_confort_heure_fin integer NOT NULL,
    prog_semaine_periode_2_confort_actif boolean NOT NULL,
    prog_semaine_periode_2_confort_heure_debut integer NOT NULL,
    prog_semaine_periode_2_confort_heure_fin integer NOT NULL,
    prog_weekend_periode_1_confort_actif boolean NOT NULL,
    prog_weekend_periode_1_confort_heure_debut integer NOT NULL,
    prog_weekend_periode_1_confort_heure_fin integer NOT NULL,
    prog_weekend_periode_2_confort_actif boolean NOT NULL,
    prog_weekend_periode_2_confort_heure_debut integer NOT NULL,
    prog_weekend_periode_2_confort_heure_fin integer NOT NULL,
    puissance_moyenne_eco integer NOT NULL,
    puissance_moyenne_confort integer NOT NULL,
    pourcentage_eco_force integer NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_1_conf_check2 CHECK ((prog_semaine_periode_1_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_1_conf_check3 CHECK ((prog_semaine_periode_1_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_2_conf_check2 CHECK ((prog_semaine_periode_2_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_semaine_periode_2_conf_check3 CHECK ((prog_semaine_periode_2_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_1_conf_check2 CHECK ((prog_weekend_periode_1_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_1_conf_check3 CHECK ((prog_weekend_periode_1_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_2_conf_check2 CHECK ((prog_weekend_periode_2_confort_heure_debut > 0)),
    CONSTRAINT equipement_pilote_chauffage__prog_weekend_periode_2_conf_check3 CHECK ((prog_weekend_periode_2_confort_heure_fin > 0)),
    CONSTRAINT equipement_pilote_chauffage_non_ass_pourcentage_eco_force_check CHECK ((pourcentage_eco_force > 0)),
    CONSTRAINT equipement_pilote_chauffage_non_ass_puissance_moyenne_eco_check CHECK ((puissance_moyenne_eco > 0)),
    CONSTRAINT equipement_pilote_chauffage_non_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0)),
    CONSTRAINT equipement_pilote_chauffage_non_puissance_moyenne_confort_check CHECK ((puissance_moyenne_confort > 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_chauffage_non_asservi_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_chauffage_non_asservi_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_chauffage_non_asservi.id;
CREATE TABLE bdd_coordination_schema.equipement_pilote_consommation_moyenne (
    equipement_pilote_type_id integer NOT NULL,
    consommation numeric NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_etat_commande (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_etat_controle (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_machine_generique (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    timestamp_de_fin_souhaite integer NOT NULL,
    delai_attente_maximale_apres_fin integer NOT NULL,
    cycle_equipement_pilote_machine_generique_id integer NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    CONSTRAINT equipement_pilote_machine_ge_delai_attente_maximale_apres_check CHECK ((delai_attente_maximale_apres_fin >= 0)),
    CONSTRAINT equipement_pilote_machine_gener_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0)),
    CONSTRAINT equipement_pilote_machine_gener_timestamp_de_fin_souhaite_check CHECK ((timestamp_de_fin_souhaite >= 0))
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_machine_generique_cycle (
    id integer NOT NULL,
    equipement_pilote_machine_generique_id integer NOT NULL,
    duree_cycle integer NOT NULL,
    nom text NOT NULL,
    description text NOT NULL,
    timestamp_dernier_declenchement integer DEFAULT 0 NOT NULL,
    CONSTRAINT equipement_pilote_machine_ge_timestamp_dernier_declenchem_check CHECK ((timestamp_dernier_declenchement >= 0)),
    CONSTRAINT equipement_pilote_machine_generique_cycle_duree_cycle_check CHECK ((duree_cycle >= 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_machine_generique_cycle_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_machine_generique_cycle_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_machine_generique_cycle.id;
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_machine_generique_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_machine_generique_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_machine_generique.id;
CREATE TABLE bdd_coordination_schema.equipement_pilote_ou_mesure (
    id integer NOT NULL,
    equipement_pilote_specifique_id integer NOT NULL,
    typologie_installation_domotique_id integer NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL,
    equipement_pilote_ou_mesure_type_id integer NOT NULL,
    equipement_pilote_ou_mesure_mode_id integer NOT NULL,
    etat_controle_id integer NOT NULL,
    etat_commande_id integer NOT NULL,
    ems_consigne_marche boolean NOT NULL,
    timestamp_derniere_mise_en_marche integer DEFAULT 0 NOT NULL,
    timestamp_derniere_programmation integer DEFAULT 0 NOT NULL,
    utilisateur text NOT NULL,
    CONSTRAINT equipement_pilote_ou_mesure_equipement_pilote_ou_mesure_m_check CHECK ((equipement_pilote_ou_mesure_mode_id > 0)),
    CONSTRAINT equipement_pilote_ou_mesure_equipement_pilote_ou_mesure_t_check CHECK ((equipement_pilote_ou_mesure_type_id > 0)),
    CONSTRAINT equipement_pilote_ou_mesure_etat_commande_id_check CHECK ((etat_commande_id > 0)),
    CONSTRAINT equipement_pilote_ou_mesure_etat_controle_id_check CHECK ((etat_controle_id > 0)),
    CONSTRAINT equipement_pilote_ou_mesure_timestamp_derniere_mise_en_ma_check CHECK ((timestamp_derniere_mise_en_marche >= 0)),
    CONSTRAINT equipement_pilote_ou_mesure_timestamp_derniere_programmat_check CHECK ((timestamp_derniere_programmation >= 0)),
    CONSTRAINT equipement_pilote_ou_mesure_typologie_installation_domoti_check CHECK ((typologie_installation_domotique_id > 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_ou_mesure_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_ou_mesure_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_ou_mesure.id;
CREATE TABLE bdd_coordination_schema.equipement_pilote_ou_mesure_mode (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_ou_mesure_type (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_typologie_installation_domotique (
    id integer NOT NULL,
    nom text NOT NULL,
    nom_humain text NOT NULL,
    description text NOT NULL
);
CREATE TABLE bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique (
    id integer NOT NULL,
    equipement_pilote_ou_mesure_id integer NOT NULL,
    pourcentage_charge_restant integer NOT NULL,
    pourcentage_charge_finale_minimale_souhaitee integer NOT NULL,
    duree_de_charge_estimee integer NOT NULL,
    timestamp_dispo_souhaitee integer NOT NULL,
    puissance_de_charge integer NOT NULL,
    capacite_de_batterie integer NOT NULL,
    mesures_puissance_elec_id integer NOT NULL,
    CONSTRAINT equipement_pilote_vehicule_e_pourcentage_charge_finale_mi_check CHECK ((pourcentage_charge_finale_minimale_souhaitee > 0)),
    CONSTRAINT equipement_pilote_vehicule_ele_pourcentage_charge_restant_check CHECK ((pourcentage_charge_restant >= 0)),
    CONSTRAINT equipement_pilote_vehicule_elec_mesures_puissance_elec_id_check CHECK ((mesures_puissance_elec_id > 0)),
    CONSTRAINT equipement_pilote_vehicule_elec_timestamp_dispo_souhaitee_check CHECK ((timestamp_dispo_souhaitee >= 0)),
    CONSTRAINT equipement_pilote_vehicule_electr_duree_de_charge_estimee_check CHECK ((duree_de_charge_estimee >= 0)),
    CONSTRAINT equipement_pilote_vehicule_electriqu_capacite_de_batterie_check CHECK ((capacite_de_batterie > 0)),
    CONSTRAINT equipement_pilote_vehicule_electrique_puissance_de_charge_check CHECK ((puissance_de_charge > 0))
);
CREATE SEQUENCE bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique_id_seq OWNED BY bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique.id;
CREATE TABLE elfe.command_order (
    id character varying NOT NULL,
    key character varying NOT NULL,
    device_id character varying NOT NULL,
    appliance_id integer NOT NULL,
    flexibility_id integer NOT NULL,
    why character varying NOT NULL,
    is_on boolean NOT NULL,
    powers boolean NOT NULL,
    slot bigint NOT NULL,
    status character varying NOT NULL,
    stage character varying NOT NULL,
    cause character varying NOT NULL,
    attempts integer NOT NULL,
    wanted_ms bigint NOT NULL,
    recorded_ms bigint,
    sent_ms bigint,
    acknowledged_ms bigint,
    proved_ms bigint,
    ended_ms bigint
);
CREATE TABLE elfe.command_order_event (
    id integer NOT NULL,
    order_id character varying NOT NULL,
    at_ms bigint NOT NULL,
    happened character varying NOT NULL,
    stage character varying NOT NULL,
    detail character varying NOT NULL
);
CREATE SEQUENCE elfe.command_order_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE elfe.command_order_event_id_seq OWNED BY elfe.command_order_event.id;
CREATE TABLE elfe.flexibility (
    id integer NOT NULL,
    appliance_id integer NOT NULL,
    opened_at bigint NOT NULL,
    deadline bigint,
    lasts_s integer,
    started_at bigint,
    closed_at bigint,
    outcome text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE elfe.flexibility_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE elfe.flexibility_id_seq OWNED BY elfe.flexibility.id;
CREATE TABLE elfe.hardware (
    id integer NOT NULL,
    device_id text NOT NULL,
    type_id integer NOT NULL,
    hardware_id text NOT NULL,
    channel integer NOT NULL,
    templates text NOT NULL,
    since bigint NOT NULL,
    until bigint,
    CONSTRAINT hardware_channel_check CHECK ((channel >= 0))
);
CREATE SEQUENCE elfe.hardware_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE elfe.hardware_id_seq OWNED BY elfe.hardware.id;
CREATE TABLE elfe.participant (
    reference text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    observer boolean NOT NULL
);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_any_plug_tasmota ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_any_plug_tasmota_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pm_gen3 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shelly1pm_gen3_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pm_gen4 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shelly1pm_gen4_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly2pm_gen3 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shelly2pm_gen3_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly2pm_gen4 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shelly2pm_gen4_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyht_gen3 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyht_gen3_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugm_gen3 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplugm_gen3_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugs_gen3 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplugs_gen3_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplusht_gen2 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplusht_gen2_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro1pm ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellypro1pm_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro2pm ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellypro2pm_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro4pm ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_shellypro4pm_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_socorel_automate_v0 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_socorel_automate_v0_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12 ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_xky_tic_tasmota ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_domotique_xky_tic_tasmota_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_mesure_centrale_elec_generique ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_mesure_centrale_elec_generique_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_mesure_compteur_electrique ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_mesure_compteur_electrique_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ballon_ecs ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_ballon_ecs_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_asservi ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_chauffage_asservi_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_non_asservi ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_chauffage_non_asservi_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_machine_generique ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_machine_generique_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_machine_generique_cycle ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_machine_generique_cycle_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_ou_mesure_id_seq'::regclass);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique ALTER COLUMN id SET DEFAULT nextval('bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique_id_seq'::regclass);
ALTER TABLE ONLY elfe.command_order_event ALTER COLUMN id SET DEFAULT nextval('elfe.command_order_event_id_seq'::regclass);
ALTER TABLE ONLY elfe.flexibility ALTER COLUMN id SET DEFAULT nextval('elfe.flexibility_id_seq'::regclass);
ALTER TABLE ONLY elfe.hardware ALTER COLUMN id SET DEFAULT nextval('elfe.hardware_id_seq'::regclass);
INSERT INTO bdd_coordination_schema.equipement_domotique VALUES ('D003', 2, 411, 12, 'non renseigné', 'Shelly Plus 1PM', 'R004', true, '1');
INSERT INTO bdd_coordination_schema.equipement_domotique VALUES ('B001', 2, 211, 21, 'non renseigné', 'TIC reader and relay on Tasmota', 'R004', true, '1');
INSERT INTO bdd_coordination_schema.equipement_domotique VALUES ('A002', 3, 112, 11, 'non renseigné', 'Nous A1T', 'R005', true, '1');
INSERT INTO bdd_coordination_schema.equipement_domotique VALUES ('A001', 1, 111, 11, 'B1C2D3', 'Shelly Plug S', 'R004', true, '2');
INSERT INTO bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12 VALUES (1, 'A002', 'stat/A002/RESULT', 'cmnd/A002/POWER', 'tele/A002/LWT');
INSERT INTO bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1 VALUES (2, 'A001', 'shellies/shellyplug-s-B1C2D3/relay/0', 'shellies/shellyplug-s-B1C2D3/relay/0/command', 'shellies/shellyplug-s-B1C2D3/online');
INSERT INTO bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1 VALUES (1, 'D003', 'D003/status/switch:0', 'D003/rpc', 'D003/online');
INSERT INTO bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12 VALUES (1, 'B001', 'stat/B001/RESULT', 'cmnd/B001/POWER', 'tele/B001/LWT');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (111, 'shellyplugs_shellycloud_v1', 'Prise Shelly Plug S', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (112, 'nous_a1t_tasmota_v12', 'Prise Nous A1T', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (211, 'teleinfo_tasmota_v12', 'Carte téléinfo et relais', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (311, 'switchbot_mqtt2ble_v7', 'Doigt robot Switchbot', 'table détail déduite');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (411, 'shellyplus1pm_shellycloud_v1', 'Relais Shelly Plus 1PM', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (611, 'shellyht_shellycloud_v1', 'Thermomètre Shelly H&T', 'table détail déduite');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (711, 'm5stackcore2_openhasp_v0', 'Écran ELFI', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (811, 'socorel_automate_v0', 'Sortie d''automate Socorel', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1101, 'shellyplus1pmmini_gen2', 'Petit relais mesureur encastré', 'Shelly Plus 1PM Mini');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1102, 'shelly1pm_gen3', 'Relais mesureur encastré, gén. 3', 'Shelly 1PM Gen3');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1103, 'shelly1pmmini_gen3', 'Petit relais mesureur encastré, gén. 3', 'Shelly 1PM Mini Gen3');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1104, 'shelly1pm_gen4', 'Relais mesureur encastré, gén. 4', 'Shelly 1PM Gen4');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1105, 'shelly1pmmini_gen4', 'Petit relais mesureur encastré, gén. 4', 'Shelly 1PM Mini Gen4');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1106, 'shellypro1pm', 'Relais mesureur de tableau', 'Shelly Pro 1PM');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1107, 'shellypro2pm', 'Deux relais mesureurs de tableau', 'Shelly Pro 2PM');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1108, 'shellypro4pm', 'Quatre relais mesureurs de tableau', 'Shelly Pro 4PM');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1109, 'shellyplus2pm_gen2', 'Deux relais mesureurs encastrés', 'Shelly Plus 2PM');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1110, 'shelly2pm_gen3', 'Deux relais mesureurs encastrés, gén. 3', 'Shelly 2PM Gen3');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1111, 'shelly2pm_gen4', 'Deux relais mesureurs encastrés, gén. 4', 'Shelly 2PM Gen4');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1121, 'shellyplusplugs_gen2', 'Prise mesureuse', 'Shelly Plus Plug S');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1122, 'shellyplugs_gen3', 'Prise mesureuse, gén. 3', 'Shelly Plug S Gen3');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1123, 'shellyplugm_gen3', 'Prise mesureuse M, gén. 3', 'Shelly Plug M Gen3');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1161, 'shellyplusht_gen2', 'Thermomètre et hygromètre', 'Shelly Plus H&T');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1162, 'shellyht_gen3', 'Thermomètre et hygromètre, gén. 3', 'Shelly H&T Gen3');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1210, 'any_plug_tasmota', 'Prise ou relais sous Tasmota', 'Any plug or relay on Tasmota');
INSERT INTO bdd_coordination_schema.equipement_domotique_type VALUES (1212, 'xky_tic_tasmota', 'Lecteur de téléinfo Wi-Fi', 'xKy TIC Wi-Fi reader');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (11, 'mesurer_elec_commuter', 'Mesurer et commuter', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (12, 'commuter', 'Commuter', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (21, 'mesurer_elec', 'Mesurer', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (31, 'appuyer_power', 'Appuyer sur marche', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (32, 'appuyer_demarrage', 'Appuyer sur départ', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (61, 'mesurer_ambiance', 'Mesurer l''ambiance', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_domotique_usage VALUES (71, 'ihm', 'Écran', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ballon_ecs VALUES (1, 2, 200, 2200, 2);
INSERT INTO bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses VALUES (1, 1, 'heures creuses 1', 'aucun', true, 81000, 109800);
INSERT INTO bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses VALUES (2, 1, 'heures creuses 2', 'aucun', true, 45000, 52200);
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (1, 'etat_initial', 'État initial', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (11, 'pilote_stand_by', 'En attente du créneau', 'coupé, ordre reçu');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (12, 'manuel_pilote_on', 'Manuel ou piloté, en marche', 'ancien en_attente_on ; jamais écrit par elfe');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (13, 'manuel_on', 'En marche', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (21, 'pilote_en_activation', 'En activation', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (30, 'err', 'Erreur', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_commande VALUES (99, 'non_commande', 'Non commandé', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_controle VALUES (15, 'on', 'Alimenté', 'en attente ou en marche');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_controle VALUES (25, 'off', 'Coupé', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_controle VALUES (60, 'errcom', 'Erreur de communication', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_etat_controle VALUES (70, 'inconnu', 'Inconnu', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_machine_generique VALUES (2, 3, 0, 3600, 2, 3);
INSERT INTO bdd_coordination_schema.equipement_pilote_machine_generique VALUES (1, 1, 1731312000, 0, 1, 1);
INSERT INTO bdd_coordination_schema.equipement_pilote_machine_generique_cycle VALUES (2, 2, 7200, 'par défaut', 'aucun', 0);
INSERT INTO bdd_coordination_schema.equipement_pilote_machine_generique_cycle VALUES (1, 1, 7200, 'par défaut', 'aucun', 0);
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure VALUES (2, 1, 180, 'Ballon', 'aucun', 131, 20, 15, 1, false, 0, 0, 'R004');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure VALUES (3, 2, 190, 'Lave-vaisselle', 'aucun', 111, 20, 15, 1, false, 0, 0, 'R005');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure VALUES (1, 1, 120, 'Lave-linge', 'aucun', 112, 30, 15, 1, false, 0, 1731229200, 'R004');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode VALUES (1, 'non_pilote', 'Non piloté', 'mesuré seulement');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode VALUES (10, 'installation', 'En installation', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode VALUES (20, 'manuel', 'Manuel', 'le participant commande');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode VALUES (30, 'pilote', 'Piloté', 'l''EMS place la consommation');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode VALUES (70, 'desactive', 'Désactivé', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_mode VALUES (80, 'suppr', 'Supprimé', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (1, 'machine_generique', 'Machine générique', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (111, 'lave_vaisselle', 'Lave-vaisselle', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (112, 'lave_linge', 'Lave-linge', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (113, 'seche_linge', 'Sèche-linge', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (131, 'ballon_ecs', 'Ballon d''eau chaude', 'électrique, piloté en tout ou rien');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (151, 'chauffage_non_asservi', 'Chauffage éco/confort', 'fil pilote');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (155, 'chauffage_asservi', 'Chauffage asservi', 'piloté d''après la température mesurée');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (221, 'voiture_electrique', 'Voiture électrique', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (225, 'velo_assistance_electrique', 'Vélo à assistance électrique', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (410, 'compteur_electrique', 'Compteur électrique', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (515, 'chariot_elevateur_electrique', 'Chariot élévateur électrique', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (901, 'centrale_elec_generique', 'Centrale électrique', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (910, 'centrale_solaire_elec', 'Centrale solaire', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_ou_mesure_type VALUES (920, 'centrale_eolienne_elec', 'Centrale éolienne', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (110, 'deux_relais', 'Deux relais', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (120, 'prise_commande', 'Prise commandée', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (130, 'prise_et_doigt', 'Prise et doigt robot', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (140, 'relai_et_capteur_temperature', 'Relais et capteur de température', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (150, 'prise_et_deux_doigts', 'Prise et deux doigts robots', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (160, 'prise_et_doigt_double_appui', 'Prise et doigt robot, double appui', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (170, 'prise_rallume_et_doigt', 'Prise rallumée et doigt robot', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (180, 'relai_et_compteur', 'Relais et compteur', 'aucun');
INSERT INTO bdd_coordination_schema.equipement_pilote_typologie_installation_domotique VALUES (190, 'relai_inverse', 'Relais inversé', 'en marche quand le relais est ouvert');
INSERT INTO elfe.command_order VALUES ('7f3c', 'A001 1923456 on', 'A001', 1, 1, 'start', true, true, 1923456, 'completed', 'done', 'proved', 1, 1731110400000, 1731110400100, 1731110400200, 1731110400900, NULL, NULL);
INSERT INTO elfe.command_order_event VALUES (1, '7f3c', 1731110400100, 'recorded', 'recorded', '');
INSERT INTO elfe.command_order_event VALUES (2, '7f3c', 1731110400900, 'acknowledged', 'acknowledged', '');
INSERT INTO elfe.flexibility VALUES (1, 1, 1731229200, 1731312000, 7200, NULL, NULL, '');
INSERT INTO elfe.hardware VALUES (2, 'D003', 411, '', 0, '{"root": "D003"}', 1728633600, NULL);
INSERT INTO elfe.hardware VALUES (3, 'B001', 211, '', 0, '{"full_topic": "%prefix%/%topic%/", "topic": "B001"}', 1728633600, NULL);
INSERT INTO elfe.hardware VALUES (4, 'A002', 112, '', 0, '{"full_topic": "%prefix%/%topic%/", "topic": "A002"}', 1728633600, NULL);
INSERT INTO elfe.hardware VALUES (1, 'A001', 111, 'A8BC25', 0, '{"root": "shellies/shellyplug-s-A8BC25"}', 1728633600, 1731225600);
INSERT INTO elfe.hardware VALUES (5, 'A001', 111, 'B1C2D3', 0, '{"root": "shellies/shellyplug-s-B1C2D3"}', 1731225600, NULL);
INSERT INTO elfe.participant VALUES ('R004', 'r004@exemple.fr', true);
INSERT INTO elfe.participant VALUES ('R005', '', false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_any_plug_tasmota_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12_id_seq', 1, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shelly1pm_gen3_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shelly1pm_gen4_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shelly2pm_gen3_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shelly2pm_gen4_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyht_gen3_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplugm_gen3_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplugs_gen3_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1_id_seq', 2, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1_id_seq', 1, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplusht_gen2_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellypro1pm_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellypro2pm_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_shellypro4pm_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_socorel_automate_v0_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12_id_seq', 1, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_domotique_xky_tic_tasmota_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_mesure_centrale_elec_generique_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_mesure_compteur_electrique_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses_id_seq', 2, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_ballon_ecs_id_seq', 1, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_chauffage_asservi_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_chauffage_non_asservi_id_seq', 1, false);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_machine_generique_cycle_id_seq', 2, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_machine_generique_id_seq', 2, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_ou_mesure_id_seq', 3, true);
SELECT pg_catalog.setval('bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique_id_seq', 1, false);
SELECT pg_catalog.setval('elfe.command_order_event_id_seq', 2, true);
SELECT pg_catalog.setval('elfe.flexibility_id_seq', 1, true);
SELECT pg_catalog.setval('elfe.hardware_id_seq', 5, true);
ALTER TABLE ONLY bdd_coordination_schema.chauffage_asservi_modele_thermique
    ADD CONSTRAINT chauffage_asservi_modele_thermique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_any_plug_tasmota
    ADD CONSTRAINT equipement_domotique_any_plug_tasmota_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique
    ADD CONSTRAINT equipement_domotique_id_equipement_domotique_specifique_id_key UNIQUE (id, equipement_domotique_specifique_id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0
    ADD CONSTRAINT equipement_domotique_m5stackcore2_openhasp_v0_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12
    ADD CONSTRAINT equipement_domotique_nous_a1t_tasmota_v12_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique
    ADD CONSTRAINT equipement_domotique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pm_gen3
    ADD CONSTRAINT equipement_domotique_shelly1pm_gen3_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pm_gen4
    ADD CONSTRAINT equipement_domotique_shelly1pm_gen4_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3
    ADD CONSTRAINT equipement_domotique_shelly1pmmini_gen3_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4
    ADD CONSTRAINT equipement_domotique_shelly1pmmini_gen4_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly2pm_gen3
    ADD CONSTRAINT equipement_domotique_shelly2pm_gen3_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly2pm_gen4
    ADD CONSTRAINT equipement_domotique_shelly2pm_gen4_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyht_gen3
    ADD CONSTRAINT equipement_domotique_shellyht_gen3_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1
    ADD CONSTRAINT equipement_domotique_shellyht_shellycloud_v1_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugm_gen3
    ADD CONSTRAINT equipement_domotique_shellyplugm_gen3_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugs_gen3
    ADD CONSTRAINT equipement_domotique_shellyplugs_gen3_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1
    ADD CONSTRAINT equipement_domotique_shellyplugs_shellycloud_v1_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1
    ADD CONSTRAINT equipement_domotique_shellyplus1pm_shellycloud_v1_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2
    ADD CONSTRAINT equipement_domotique_shellyplus1pmmini_gen2_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2
    ADD CONSTRAINT equipement_domotique_shellyplus2pm_gen2_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplusht_gen2
    ADD CONSTRAINT equipement_domotique_shellyplusht_gen2_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2
    ADD CONSTRAINT equipement_domotique_shellyplusplugs_gen2_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro1pm
    ADD CONSTRAINT equipement_domotique_shellypro1pm_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro2pm
    ADD CONSTRAINT equipement_domotique_shellypro2pm_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro4pm
    ADD CONSTRAINT equipement_domotique_shellypro4pm_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_socorel_automate_v0
    ADD CONSTRAINT equipement_domotique_socorel_automate_v0_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7
    ADD CONSTRAINT equipement_domotique_switchbot_mqtt2ble_v7_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12
    ADD CONSTRAINT equipement_domotique_teleinfo_tasmota_v12_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_type
    ADD CONSTRAINT equipement_domotique_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_usage
    ADD CONSTRAINT equipement_domotique_usage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_xky_tic_tasmota
    ADD CONSTRAINT equipement_domotique_xky_tic_tasmota_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_mesure_centrale_elec_generique
    ADD CONSTRAINT equipement_mesure_centrale_elec_generique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_mesure_compteur_electrique
    ADD CONSTRAINT equipement_mesure_compteur_electrique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses
    ADD CONSTRAINT equipement_pilote_ballon_ecs_heures_creuses_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ballon_ecs
    ADD CONSTRAINT equipement_pilote_ballon_ecs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_asservi
    ADD CONSTRAINT equipement_pilote_chauffage_asservi_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_non_asservi
    ADD CONSTRAINT equipement_pilote_chauffage_non_asservi_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_consommation_moyenne
    ADD CONSTRAINT equipement_pilote_consommation_moyenne_pkey PRIMARY KEY (equipement_pilote_type_id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_etat_commande
    ADD CONSTRAINT equipement_pilote_etat_commande_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_etat_controle
    ADD CONSTRAINT equipement_pilote_etat_controle_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_machine_generique_cycle
    ADD CONSTRAINT equipement_pilote_machine_generique_cycle_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_machine_generique
    ADD CONSTRAINT equipement_pilote_machine_generique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_id_equipement_pilote_specifique_key UNIQUE (id, equipement_pilote_specifique_id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure_mode
    ADD CONSTRAINT equipement_pilote_ou_mesure_mode_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure_type
    ADD CONSTRAINT equipement_pilote_ou_mesure_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_typologie_installation_domotique
    ADD CONSTRAINT equipement_pilote_typologie_installation_domotique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique
    ADD CONSTRAINT equipement_pilote_vehicule_electrique_generique_pkey PRIMARY KEY (id);
ALTER TABLE ONLY elfe.command_order_event
    ADD CONSTRAINT command_order_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY elfe.command_order
    ADD CONSTRAINT command_order_key_key UNIQUE (key);
ALTER TABLE ONLY elfe.command_order
    ADD CONSTRAINT command_order_pkey PRIMARY KEY (id);
ALTER TABLE ONLY elfe.flexibility
    ADD CONSTRAINT flexibility_pkey PRIMARY KEY (id);
ALTER TABLE ONLY elfe.hardware
    ADD CONSTRAINT hardware_pkey PRIMARY KEY (id);
ALTER TABLE ONLY elfe.participant
    ADD CONSTRAINT participant_pkey PRIMARY KEY (reference);
CREATE INDEX command_order_appliance ON elfe.command_order USING btree (appliance_id, slot);
CREATE INDEX command_order_live ON elfe.command_order USING btree (stage, slot);
CREATE UNIQUE INDEX flexibility_one_open ON elfe.flexibility USING btree (appliance_id) WHERE (closed_at IS NULL);
CREATE UNIQUE INDEX hardware_once ON elfe.hardware USING btree (type_id, hardware_id, channel) WHERE ((until IS NULL) AND (hardware_id <> ''::text));
CREATE UNIQUE INDEX hardware_one_per_point ON elfe.hardware USING btree (device_id) WHERE (until IS NULL);
CREATE INDEX ix_elfe_command_order_event_order_id ON elfe.command_order_event USING btree (order_id);
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_any_plug_tasmota
    ADD CONSTRAINT equipement_domotique_any_plug_tasm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique
    ADD CONSTRAINT equipement_domotique_equipement_domotique_type_id_fkey FOREIGN KEY (equipement_domotique_type_id) REFERENCES bdd_coordination_schema.equipement_domotique_type(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique
    ADD CONSTRAINT equipement_domotique_equipement_domotique_usage_id_fkey FOREIGN KEY (equipement_domotique_usage_id) REFERENCES bdd_coordination_schema.equipement_domotique_usage(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique
    ADD CONSTRAINT equipement_domotique_equipement_pilote_ou_mesure_id_fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_m5stackcore2_openhasp_v0
    ADD CONSTRAINT equipement_domotique_m5stackcore2__equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_nous_a1t_tasmota_v12
    ADD CONSTRAINT equipement_domotique_nous_a1t_tasm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pm_gen4
    ADD CONSTRAINT equipement_domotique_shelly1pm_ge_equipement_domotique_id_fkey1 FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pm_gen3
    ADD CONSTRAINT equipement_domotique_shelly1pm_gen_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen4
    ADD CONSTRAINT equipement_domotique_shelly1pmmin_equipement_domotique_id_fkey1 FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly1pmmini_gen3
    ADD CONSTRAINT equipement_domotique_shelly1pmmini_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly2pm_gen4
    ADD CONSTRAINT equipement_domotique_shelly2pm_ge_equipement_domotique_id_fkey1 FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shelly2pm_gen3
    ADD CONSTRAINT equipement_domotique_shelly2pm_gen_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyht_gen3
    ADD CONSTRAINT equipement_domotique_shellyht_gen3_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyht_shellycloud_v1
    ADD CONSTRAINT equipement_domotique_shellyht_shel_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugm_gen3
    ADD CONSTRAINT equipement_domotique_shellyplugm_g_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugs_gen3
    ADD CONSTRAINT equipement_domotique_shellyplugs_g_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplugs_shellycloud_v1
    ADD CONSTRAINT equipement_domotique_shellyplugs_s_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus1pmmini_gen2
    ADD CONSTRAINT equipement_domotique_shellyplus1p_equipement_domotique_id_fkey1 FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus1pm_shellycloud_v1
    ADD CONSTRAINT equipement_domotique_shellyplus1pm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplus2pm_gen2
    ADD CONSTRAINT equipement_domotique_shellyplus2pm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplusht_gen2
    ADD CONSTRAINT equipement_domotique_shellyplusht__equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellyplusplugs_gen2
    ADD CONSTRAINT equipement_domotique_shellyplusplu_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro1pm
    ADD CONSTRAINT equipement_domotique_shellypro1pm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro2pm
    ADD CONSTRAINT equipement_domotique_shellypro2pm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_shellypro4pm
    ADD CONSTRAINT equipement_domotique_shellypro4pm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_socorel_automate_v0
    ADD CONSTRAINT equipement_domotique_socorel_autom_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_switchbot_mqtt2ble_v7
    ADD CONSTRAINT equipement_domotique_switchbot_mqt_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_teleinfo_tasmota_v12
    ADD CONSTRAINT equipement_domotique_teleinfo_tasm_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_domotique_xky_tic_tasmota
    ADD CONSTRAINT equipement_domotique_xky_tic_tasmo_equipement_domotique_id_fkey FOREIGN KEY (equipement_domotique_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_mesure_centrale_elec_generique
    ADD CONSTRAINT equipement_mesure_centrale_el_equipement_pilote_ou_mesure__fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_mesure_compteur_electrique
    ADD CONSTRAINT equipement_mesure_compteur_el_equipement_pilote_ou_mesure__fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ballon_ecs_heures_creuses
    ADD CONSTRAINT equipement_pilote_ballon_ecs__equipement_pilote_ballon_ecs_fkey FOREIGN KEY (equipement_pilote_ballon_ecs_id) REFERENCES bdd_coordination_schema.equipement_pilote_ballon_ecs(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ballon_ecs
    ADD CONSTRAINT equipement_pilote_ballon_ecs_equipement_pilote_ou_mesure_i_fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_asservi
    ADD CONSTRAINT equipement_pilote_chauffage_a_equipement_pilote_ou_mesure__fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_asservi
    ADD CONSTRAINT equipement_pilote_chauffage_asservi_modele_thermique_id_fkey FOREIGN KEY (modele_thermique_id) REFERENCES bdd_coordination_schema.chauffage_asservi_modele_thermique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_chauffage_non_asservi
    ADD CONSTRAINT equipement_pilote_chauffage_n_equipement_pilote_ou_mesure__fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_consommation_moyenne
    ADD CONSTRAINT equipement_pilote_consommation_m_equipement_pilote_type_id_fkey FOREIGN KEY (equipement_pilote_type_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure_type(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_machine_generique
    ADD CONSTRAINT equipement_pilote_machine_gen_cycle_equipement_pilote_mach_fkey FOREIGN KEY (cycle_equipement_pilote_machine_generique_id) REFERENCES bdd_coordination_schema.equipement_pilote_machine_generique_cycle(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_machine_generique
    ADD CONSTRAINT equipement_pilote_machine_gen_equipement_pilote_ou_mesure__fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_equipement_pilote_ou_mesure_mo_fkey FOREIGN KEY (equipement_pilote_ou_mesure_mode_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure_mode(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_equipement_pilote_ou_mesure_ty_fkey FOREIGN KEY (equipement_pilote_ou_mesure_type_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure_type(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_etat_commande_id_fkey FOREIGN KEY (etat_commande_id) REFERENCES bdd_coordination_schema.equipement_pilote_etat_commande(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_etat_controle_id_fkey FOREIGN KEY (etat_controle_id) REFERENCES bdd_coordination_schema.equipement_pilote_etat_controle(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_ou_mesure
    ADD CONSTRAINT equipement_pilote_ou_mesure_typologie_installation_domotiq_fkey FOREIGN KEY (typologie_installation_domotique_id) REFERENCES bdd_coordination_schema.equipement_pilote_typologie_installation_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY bdd_coordination_schema.equipement_pilote_vehicule_electrique_generique
    ADD CONSTRAINT equipement_pilote_vehicule_el_equipement_pilote_ou_mesure__fkey FOREIGN KEY (equipement_pilote_ou_mesure_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY elfe.command_order_event
    ADD CONSTRAINT command_order_event_order_id_fkey FOREIGN KEY (order_id) REFERENCES elfe.command_order(id);
ALTER TABLE ONLY elfe.flexibility
    ADD CONSTRAINT flexibility_appliance_id_fkey FOREIGN KEY (appliance_id) REFERENCES bdd_coordination_schema.equipement_pilote_ou_mesure(id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY elfe.hardware
    ADD CONSTRAINT hardware_device_id_fkey FOREIGN KEY (device_id) REFERENCES bdd_coordination_schema.equipement_domotique(id) ON UPDATE CASCADE ON DELETE RESTRICT;
