BEGIN TRANSACTION;
CREATE TABLE chauffage_asservi_modele_thermique (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
CREATE TABLE command_order (
 id VARCHAR NOT NULL,
 "key" VARCHAR NOT NULL,
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
 attempts INTEGER NOT NULL,
 wanted_ms BIGINT NOT NULL,
 recorded_ms BIGINT,
 sent_ms BIGINT,
 acknowledged_ms BIGINT,
 proved_ms BIGINT,
 ended_ms BIGINT,
 PRIMARY KEY (id),
 UNIQUE ("key")
);
INSERT INTO "command_order" VALUES('7f3c','A001 1923456 on','A001',1,1,'start',1,1,1923456,'completed','done','proved',1,1731110400000,1731110400100,1731110400200,1731110400900,NULL,NULL);
CREATE TABLE command_order_event (
 id INTEGER NOT NULL,
 order_id VARCHAR NOT NULL,
 at_ms BIGINT NOT NULL,
 happened VARCHAR NOT NULL,
 stage VARCHAR NOT NULL,
 detail VARCHAR NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(order_id) REFERENCES command_order (id)
);
INSERT INTO "command_order_event" VALUES(1,'7f3c',1731110400100,'recorded','recorded','');
INSERT INTO "command_order_event" VALUES(2,'7f3c',1731110400900,'acknowledged','acknowledged','');
CREATE TABLE equipement_domotique (
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
 FOREIGN KEY(equipement_domotique_usage_id) REFERENCES equipement_domotique_usage (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(equipement_domotique_type_id) REFERENCES equipement_domotique_type (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 UNIQUE (id, equipement_domotique_specifique_id),
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_domotique" VALUES('A001',1,111,11,'B1C2D3','Shelly Plug S','R004',1,'1');
INSERT INTO "equipement_domotique" VALUES('D003',2,411,12,'non renseigné','Shelly Plus 1PM','R004',1,'1');
INSERT INTO "equipement_domotique" VALUES('B001',2,211,21,'non renseigné','TIC reader and relay on Tasmota','R004',1,'1');
INSERT INTO "equipement_domotique" VALUES('A002',3,112,11,'non renseigné','Nous A1T','R005',1,'1');
CREATE TABLE equipement_domotique_any_plug_tasmota (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_m5stackcore2_openhasp_v0 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_nous_a1t_tasmota_v12 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_domotique_nous_a1t_tasmota_v12" VALUES(1,'A002','stat/A002/RESULT','cmnd/A002/POWER','tele/A002/LWT');
CREATE TABLE equipement_domotique_shelly1pm_gen3 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shelly1pm_gen4 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shelly1pmmini_gen3 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shelly1pmmini_gen4 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shelly2pm_gen3 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shelly2pm_gen4 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyht_gen3 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyht_shellycloud_v1 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyplugm_gen3 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyplugs_gen3 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyplugs_shellycloud_v1 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_domotique_shellyplugs_shellycloud_v1" VALUES(1,'A001','shellies/shellyplug-s-B1C2D3/relay/0','shellies/shellyplug-s-B1C2D3/relay/0/command','shellies/shellyplug-s-B1C2D3/online');
CREATE TABLE equipement_domotique_shellyplus1pm_shellycloud_v1 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_et_mesure_json TEXT NOT NULL,
 topic_mqtt_commande_json TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_domotique_shellyplus1pm_shellycloud_v1" VALUES(1,'D003','D003/status/switch:0','D003/rpc','D003/online');
CREATE TABLE equipement_domotique_shellyplus1pmmini_gen2 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyplus2pm_gen2 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyplusht_gen2 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellyplusplugs_gen2 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellypro1pm (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellypro2pm (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_shellypro4pm (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_socorel_automate_v0 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_switchbot_mqtt2ble_v7 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_domotique_teleinfo_tasmota_v12 (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_domotique_teleinfo_tasmota_v12" VALUES(1,'B001','stat/B001/RESULT','cmnd/B001/POWER','tele/B001/LWT');
CREATE TABLE equipement_domotique_type (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_domotique_type" VALUES(111,'shellyplugs_shellycloud_v1','Prise Shelly Plug S','aucun');
INSERT INTO "equipement_domotique_type" VALUES(112,'nous_a1t_tasmota_v12','Prise Nous A1T','aucun');
INSERT INTO "equipement_domotique_type" VALUES(211,'teleinfo_tasmota_v12','Carte téléinfo et relais','aucun');
INSERT INTO "equipement_domotique_type" VALUES(311,'switchbot_mqtt2ble_v7','Doigt robot Switchbot','table détail déduite');
INSERT INTO "equipement_domotique_type" VALUES(411,'shellyplus1pm_shellycloud_v1','Relais Shelly Plus 1PM','aucun');
INSERT INTO "equipement_domotique_type" VALUES(611,'shellyht_shellycloud_v1','Thermomètre Shelly H&T','table détail déduite');
INSERT INTO "equipement_domotique_type" VALUES(711,'m5stackcore2_openhasp_v0','Écran ELFI','aucun');
INSERT INTO "equipement_domotique_type" VALUES(811,'socorel_automate_v0','Sortie d''automate Socorel','aucun');
INSERT INTO "equipement_domotique_type" VALUES(1101,'shellyplus1pmmini_gen2','Petit relais mesureur encastré','Shelly Plus 1PM Mini');
INSERT INTO "equipement_domotique_type" VALUES(1102,'shelly1pm_gen3','Relais mesureur encastré, gén. 3','Shelly 1PM Gen3');
INSERT INTO "equipement_domotique_type" VALUES(1103,'shelly1pmmini_gen3','Petit relais mesureur encastré, gén. 3','Shelly 1PM Mini Gen3');
INSERT INTO "equipement_domotique_type" VALUES(1104,'shelly1pm_gen4','Relais mesureur encastré, gén. 4','Shelly 1PM Gen4');
INSERT INTO "equipement_domotique_type" VALUES(1105,'shelly1pmmini_gen4','Petit relais mesureur encastré, gén. 4','Shelly 1PM Mini Gen4');
INSERT INTO "equipement_domotique_type" VALUES(1106,'shellypro1pm','Relais mesureur de tableau','Shelly Pro 1PM');
INSERT INTO "equipement_domotique_type" VALUES(1107,'shellypro2pm','Deux relais mesureurs de tableau','Shelly Pro 2PM');
INSERT INTO "equipement_domotique_type" VALUES(1108,'shellypro4pm','Quatre relais mesureurs de tableau','Shelly Pro 4PM');
INSERT INTO "equipement_domotique_type" VALUES(1109,'shellyplus2pm_gen2','Deux relais mesureurs encastrés','Shelly Plus 2PM');
INSERT INTO "equipement_domotique_type" VALUES(1110,'shelly2pm_gen3','Deux relais mesureurs encastrés, gén. 3','Shelly 2PM Gen3');
INSERT INTO "equipement_domotique_type" VALUES(1111,'shelly2pm_gen4','Deux relais mesureurs encastrés, gén. 4','Shelly 2PM Gen4');
INSERT INTO "equipement_domotique_type" VALUES(1121,'shellyplusplugs_gen2','Prise mesureuse','Shelly Plus Plug S');
INSERT INTO "equipement_domotique_type" VALUES(1122,'shellyplugs_gen3','Prise mesureuse, gén. 3','Shelly Plug S Gen3');
INSERT INTO "equipement_domotique_type" VALUES(1123,'shellyplugm_gen3','Prise mesureuse M, gén. 3','Shelly Plug M Gen3');
INSERT INTO "equipement_domotique_type" VALUES(1161,'shellyplusht_gen2','Thermomètre et hygromètre','Shelly Plus H&T');
INSERT INTO "equipement_domotique_type" VALUES(1162,'shellyht_gen3','Thermomètre et hygromètre, gén. 3','Shelly H&T Gen3');
INSERT INTO "equipement_domotique_type" VALUES(1210,'any_plug_tasmota','Prise ou relais sous Tasmota','Any plug or relay on Tasmota');
INSERT INTO "equipement_domotique_type" VALUES(1212,'xky_tic_tasmota','Lecteur de téléinfo Wi-Fi','xKy TIC Wi-Fi reader');
CREATE TABLE equipement_domotique_usage (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_domotique_usage" VALUES(11,'mesurer_elec_commuter','Mesurer et commuter','aucun');
INSERT INTO "equipement_domotique_usage" VALUES(12,'commuter','Commuter','aucun');
INSERT INTO "equipement_domotique_usage" VALUES(21,'mesurer_elec','Mesurer','aucun');
INSERT INTO "equipement_domotique_usage" VALUES(31,'appuyer_power','Appuyer sur marche','aucun');
INSERT INTO "equipement_domotique_usage" VALUES(32,'appuyer_demarrage','Appuyer sur départ','aucun');
INSERT INTO "equipement_domotique_usage" VALUES(61,'mesurer_ambiance','Mesurer l''ambiance','aucun');
INSERT INTO "equipement_domotique_usage" VALUES(71,'ihm','Écran','aucun');
CREATE TABLE equipement_domotique_xky_tic_tasmota (
 id INTEGER NOT NULL,
 equipement_domotique_id TEXT NOT NULL,
 topic_mqtt_controle_json TEXT NOT NULL,
 topic_mqtt_commande_text TEXT NOT NULL,
 topic_mqtt_lwt TEXT DEFAULT 'aucun' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_domotique_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_mesure_centrale_elec_generique (
 id INTEGER NOT NULL,
 equipement_pilote_ou_mesure_id INTEGER NOT NULL,
 mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_mesure_compteur_electrique (
 id INTEGER NOT NULL,
 equipement_pilote_ou_mesure_id INTEGER NOT NULL,
 numero_pdl TEXT DEFAULT '0' NOT NULL,
 mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_pilote_ballon_ecs (
 id INTEGER NOT NULL,
 equipement_pilote_ou_mesure_id INTEGER NOT NULL,
 volume_ballon INTEGER NOT NULL CHECK (volume_ballon > 0),
 puissance_chauffe INTEGER NOT NULL CHECK (puissance_chauffe > 0),
 mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_pilote_ballon_ecs" VALUES(1,2,200,2200,2);
CREATE TABLE equipement_pilote_ballon_ecs_heures_creuses (
 id INTEGER NOT NULL,
 equipement_pilote_ballon_ecs_id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 description TEXT NOT NULL,
 actif BOOLEAN NOT NULL,
 debut INTEGER NOT NULL CHECK (debut >= 0),
 fin INTEGER NOT NULL CHECK (fin >= 0),
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_pilote_ballon_ecs_id) REFERENCES equipement_pilote_ballon_ecs (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_pilote_ballon_ecs_heures_creuses" VALUES(1,1,'heures creuses 1','aucun',1,81000,109800);
INSERT INTO "equipement_pilote_ballon_ecs_heures_creuses" VALUES(2,1,'heures creuses 2','aucun',1,45000,52200);
CREATE TABLE equipement_pilote_chauffage_asservi (
 id INTEGER NOT NULL,
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
 FOREIGN KEY(modele_thermique_id) REFERENCES chauffage_asservi_modele_thermique (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_pilote_chauffage_non_asservi (
 id INTEGER NOT NULL,
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
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_pilote_consommation_moyenne (
 equipement_pilote_type_id INTEGER NOT NULL,
 consommation NUMERIC NOT NULL,
 PRIMARY KEY (equipement_pilote_type_id),
 FOREIGN KEY(equipement_pilote_type_id) REFERENCES equipement_pilote_ou_mesure_type (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE equipement_pilote_etat_commande (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_pilote_etat_commande" VALUES(1,'etat_initial','État initial','aucun');
INSERT INTO "equipement_pilote_etat_commande" VALUES(11,'pilote_stand_by','En attente du créneau','coupé, ordre reçu');
INSERT INTO "equipement_pilote_etat_commande" VALUES(12,'manuel_pilote_on','Manuel ou piloté, en marche','ancien en_attente_on ; jamais écrit par elfe');
INSERT INTO "equipement_pilote_etat_commande" VALUES(13,'manuel_on','En marche','aucun');
INSERT INTO "equipement_pilote_etat_commande" VALUES(21,'pilote_en_activation','En activation','aucun');
INSERT INTO "equipement_pilote_etat_commande" VALUES(30,'err','Erreur','aucun');
INSERT INTO "equipement_pilote_etat_commande" VALUES(99,'non_commande','Non commandé','aucun');
CREATE TABLE equipement_pilote_etat_controle (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_pilote_etat_controle" VALUES(15,'on','Alimenté','en attente ou en marche');
INSERT INTO "equipement_pilote_etat_controle" VALUES(25,'off','Coupé','aucun');
INSERT INTO "equipement_pilote_etat_controle" VALUES(60,'errcom','Erreur de communication','aucun');
INSERT INTO "equipement_pilote_etat_controle" VALUES(70,'inconnu','Inconnu','aucun');
CREATE TABLE equipement_pilote_machine_generique (
 id INTEGER NOT NULL,
 equipement_pilote_ou_mesure_id INTEGER NOT NULL,
 timestamp_de_fin_souhaite INTEGER NOT NULL CHECK (timestamp_de_fin_souhaite >= 0),
 delai_attente_maximale_apres_fin INTEGER NOT NULL CHECK (delai_attente_maximale_apres_fin >= 0),
 cycle_equipement_pilote_machine_generique_id INTEGER NOT NULL,
 mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
 PRIMARY KEY (id),
 FOREIGN KEY(cycle_equipement_pilote_machine_generique_id) REFERENCES equipement_pilote_machine_generique_cycle (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "equipement_pilote_machine_generique" VALUES(1,1,1731312000,0,1,1);
INSERT INTO "equipement_pilote_machine_generique" VALUES(2,3,0,3600,2,3);
CREATE TABLE equipement_pilote_machine_generique_cycle (
 id INTEGER NOT NULL,
 equipement_pilote_machine_generique_id INTEGER NOT NULL,
 duree_cycle INTEGER NOT NULL CHECK (duree_cycle >= 0),
 nom TEXT NOT NULL,
 description TEXT NOT NULL,
 timestamp_dernier_declenchement INTEGER DEFAULT 0 NOT NULL CHECK (timestamp_dernier_declenchement >= 0),
 PRIMARY KEY (id)
);
INSERT INTO "equipement_pilote_machine_generique_cycle" VALUES(1,1,7200,'par défaut','aucun',0);
INSERT INTO "equipement_pilote_machine_generique_cycle" VALUES(2,2,7200,'par défaut','aucun',0);
CREATE TABLE equipement_pilote_ou_mesure (
 id INTEGER NOT NULL,
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
 FOREIGN KEY(equipement_pilote_ou_mesure_mode_id) REFERENCES equipement_pilote_ou_mesure_mode (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(typologie_installation_domotique_id) REFERENCES equipement_pilote_typologie_installation_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(etat_commande_id) REFERENCES equipement_pilote_etat_commande (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(etat_controle_id) REFERENCES equipement_pilote_etat_controle (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 FOREIGN KEY(equipement_pilote_ou_mesure_type_id) REFERENCES equipement_pilote_ou_mesure_type (id) ON DELETE RESTRICT ON UPDATE CASCADE,
 UNIQUE (id, equipement_pilote_specifique_id)
);
INSERT INTO "equipement_pilote_ou_mesure" VALUES(1,1,120,'Lave-linge','aucun',112,30,15,1,0,0,1731229200,'R004');
INSERT INTO "equipement_pilote_ou_mesure" VALUES(2,1,180,'Ballon','aucun',131,20,15,1,0,0,0,'R004');
INSERT INTO "equipement_pilote_ou_mesure" VALUES(3,2,190,'Lave-vaisselle','aucun',111,20,15,1,0,0,0,'R005');
CREATE TABLE equipement_pilote_ou_mesure_mode (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_pilote_ou_mesure_mode" VALUES(1,'non_pilote','Non piloté','mesuré seulement');
INSERT INTO "equipement_pilote_ou_mesure_mode" VALUES(10,'installation','En installation','aucun');
INSERT INTO "equipement_pilote_ou_mesure_mode" VALUES(20,'manuel','Manuel','le participant commande');
INSERT INTO "equipement_pilote_ou_mesure_mode" VALUES(30,'pilote','Piloté','l''EMS place la consommation');
INSERT INTO "equipement_pilote_ou_mesure_mode" VALUES(70,'desactive','Désactivé','aucun');
INSERT INTO "equipement_pilote_ou_mesure_mode" VALUES(80,'suppr','Supprimé','aucun');
CREATE TABLE equipement_pilote_ou_mesure_type (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(1,'machine_generique','Machine générique','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(111,'lave_vaisselle','Lave-vaisselle','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(112,'lave_linge','Lave-linge','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(113,'seche_linge','Sèche-linge','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(131,'ballon_ecs','Ballon d''eau chaude','électrique, piloté en tout ou rien');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(151,'chauffage_non_asservi','Chauffage éco/confort','fil pilote');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(155,'chauffage_asservi','Chauffage asservi','piloté d''après la température mesurée');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(221,'voiture_electrique','Voiture électrique','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(225,'velo_assistance_electrique','Vélo à assistance électrique','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(410,'compteur_electrique','Compteur électrique','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(515,'chariot_elevateur_electrique','Chariot élévateur électrique','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(901,'centrale_elec_generique','Centrale électrique','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(910,'centrale_solaire_elec','Centrale solaire','aucun');
INSERT INTO "equipement_pilote_ou_mesure_type" VALUES(920,'centrale_eolienne_elec','Centrale éolienne','aucun');
CREATE TABLE equipement_pilote_typologie_installation_domotique (
 id INTEGER NOT NULL,
 nom TEXT NOT NULL,
 nom_humain TEXT NOT NULL,
 description TEXT NOT NULL,
 PRIMARY KEY (id)
);
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(110,'deux_relais','Deux relais','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(120,'prise_commande','Prise commandée','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(130,'prise_et_doigt','Prise et doigt robot','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(140,'relai_et_capteur_temperature','Relais et capteur de température','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(150,'prise_et_deux_doigts','Prise et deux doigts robots','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(160,'prise_et_doigt_double_appui','Prise et doigt robot, double appui','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(170,'prise_rallume_et_doigt','Prise rallumée et doigt robot','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(180,'relai_et_compteur','Relais et compteur','aucun');
INSERT INTO "equipement_pilote_typologie_installation_domotique" VALUES(190,'relai_inverse','Relais inversé','en marche quand le relais est ouvert');
CREATE TABLE equipement_pilote_vehicule_electrique_generique (
 id INTEGER NOT NULL,
 equipement_pilote_ou_mesure_id INTEGER NOT NULL,
 pourcentage_charge_restant INTEGER NOT NULL CHECK (pourcentage_charge_restant >= 0),
 pourcentage_charge_finale_minimale_souhaitee INTEGER NOT NULL CHECK (pourcentage_charge_finale_minimale_souhaitee > 0),
 duree_de_charge_estimee INTEGER NOT NULL CHECK (duree_de_charge_estimee >= 0),
 timestamp_dispo_souhaitee INTEGER NOT NULL CHECK (timestamp_dispo_souhaitee >= 0),
 puissance_de_charge INTEGER NOT NULL CHECK (puissance_de_charge > 0),
 capacite_de_batterie INTEGER NOT NULL CHECK (capacite_de_batterie > 0),
 mesures_puissance_elec_id INTEGER NOT NULL CHECK (mesures_puissance_elec_id > 0),
 PRIMARY KEY (id),
 FOREIGN KEY(equipement_pilote_ou_mesure_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE flexibility (
 id INTEGER NOT NULL,
 appliance_id INTEGER NOT NULL,
 opened_at BIGINT NOT NULL,
 deadline BIGINT,
 lasts_s INTEGER,
 started_at BIGINT,
 closed_at BIGINT,
 outcome TEXT DEFAULT '' NOT NULL,
 PRIMARY KEY (id),
 FOREIGN KEY(appliance_id) REFERENCES equipement_pilote_ou_mesure (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "flexibility" VALUES(1,1,1731229200,1731312000,7200,NULL,NULL,'');
CREATE TABLE hardware (
 id INTEGER NOT NULL,
 device_id TEXT NOT NULL,
 type_id INTEGER NOT NULL,
 hardware_id TEXT NOT NULL,
 channel INTEGER NOT NULL CHECK (channel >= 0),
 templates TEXT NOT NULL,
 since BIGINT NOT NULL,
 until BIGINT,
 PRIMARY KEY (id),
 FOREIGN KEY(device_id) REFERENCES equipement_domotique (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
INSERT INTO "hardware" VALUES(1,'A001',111,'A8BC25',0,'{"root": "shellies/shellyplug-s-A8BC25"}',1728633600,1731225600);
INSERT INTO "hardware" VALUES(2,'D003',411,'',0,'{"root": "D003"}',1728633600,NULL);
INSERT INTO "hardware" VALUES(3,'B001',211,'',0,'{"full_topic": "%prefix%/%topic%/", "topic": "B001"}',1728633600,NULL);
INSERT INTO "hardware" VALUES(4,'A002',112,'',0,'{"full_topic": "%prefix%/%topic%/", "topic": "A002"}',1728633600,NULL);
INSERT INTO "hardware" VALUES(5,'A001',111,'B1C2D3',0,'{"root": "shellies/shellyplug-s-B1C2D3"}',1731225600,NULL);
CREATE TABLE participant (
 reference TEXT NOT NULL,
 email TEXT DEFAULT '' NOT NULL,
 observer BOOLEAN NOT NULL,
 PRIMARY KEY (reference)
);
INSERT INTO "participant" VALUES('R004','r004@exemple.fr',1);
INSERT INTO "participant" VALUES('R005','',0);
CREATE INDEX command_order_appliance ON command_order (appliance_id, slot);
CREATE INDEX command_order_live ON command_order (stage, slot);
CREATE INDEX ix_command_order_event_order_id ON command_order_event (order_id);
CREATE UNIQUE INDEX flexibility_one_open ON flexibility (appliance_id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX hardware_one_per_point ON hardware (device_id) WHERE until IS NULL;
CREATE UNIQUE INDEX hardware_once ON hardware (type_id, hardware_id, channel) WHERE until IS NULL AND hardware_id <> '';
COMMIT;
