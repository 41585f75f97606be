-- A small clinic as commit 28935a0 made it (revision 0002): phantom films, which lie beside it in the
-- film store and are not here; a film answered, one refused by its file, one by its form, one of
-- somebody else, and one sent ahead of its case. The installation's secret was 11 repeated.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE answer_shown (
	case_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	shown_at DATETIME NOT NULL, 
	CONSTRAINT pk_answer_shown PRIMARY KEY (case_id, user_id), 
	CONSTRAINT fk_answer_shown_case_id_patient_case FOREIGN KEY(case_id) REFERENCES patient_case (id), 
	CONSTRAINT fk_answer_shown_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
CREATE TABLE api_token (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	token_sha256 VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	last_used_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_token PRIMARY KEY (id), 
	CONSTRAINT fk_api_token_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id), 
	CONSTRAINT uq_api_token_token_sha256 UNIQUE (token_sha256)
);
CREATE TABLE assessment (
	id INTEGER NOT NULL, 
	film_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	outcome VARCHAR(12) NOT NULL, 
	probability DOUBLE, 
	conformal_set JSON NOT NULL, 
	refusal JSON, 
	warnings JSON NOT NULL, 
	activation JSON, 
	prevalence DOUBLE, 
	post_test_probability DOUBLE, 
	bundle_name VARCHAR(80) NOT NULL, 
	bundle_version VARCHAR(40) NOT NULL, 
	bundle_sha256 VARCHAR(64) NOT NULL, 
	bundle_verdict VARCHAR(20) NOT NULL, 
	milliseconds DOUBLE NOT NULL, 
	CONSTRAINT pk_assessment PRIMARY KEY (id), 
	CONSTRAINT fk_assessment_film_id_film FOREIGN KEY(film_id) REFERENCES film (id)
);
INSERT INTO "assessment" VALUES(1,1,'2026-11-29 02:17:50.965808','positive',8.64624543147370139273e-01,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.4548, 0.5589, 0.5422, 0.4439], [0.5444, 0.5085, 0.8431, 0.7206], [0.5489, 0.6906, 1.0, 0.5296], [0.5553, 0.807, 0.7168, 0.4367]]',0.1,4.15085466195043384374e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',3.96164280000448343344e+01);
INSERT INTO "assessment" VALUES(2,2,'2026-11-29 02:17:51.049270','refused',NULL,'[]','{"code": "not_frontal", "message": {"es": "La proyecci\u00f3n no es frontal (L); solo se leen PA y AP. Use la proyecci\u00f3n PA o AP.", "en": "The projection is not frontal (L); only PA and AP are read. Use the PA or AP projection."}}','[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]',NULL,0.1,NULL,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',2.76921449999463220592e+01);
INSERT INTO "assessment" VALUES(3,3,'2026-11-29 02:17:51.118052','refused',NULL,'[]','{"code": "child", "message": {"es": "La edad del paciente (9) es menor de 18 a\u00f1os; el modelo solo conoce adultos. No use COVID-D en menores de 18 a\u00f1os.", "en": "The patient''s age (9) is under 18 years; the model knows adults only. Do not use COVID-D under 18 years."}}','[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]',NULL,0.1,NULL,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',8.50610900033643702045e+00);
INSERT INTO "assessment" VALUES(4,4,'2026-11-29 02:17:51.185239','positive',6.57365961842174328921e-01,'["covid"]',NULL,'[{"code": "age_differs", "message": {"es": "La radiograf\u00eda dice 61 a\u00f1os; la ficha dice 54: compruebe que sea la de este paciente.", "en": "The film says 61 years; the record says 54: check that it is this patient''s."}}, {"code": "sex_differs", "message": {"es": "La radiograf\u00eda dice sexo masculino; la ficha dice femenino: compruebe que sea la de este paciente.", "en": "The film says male; the record says female: check that it is this patient''s."}}, {"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.5466, 0.6956, 0.6716, 0.5453], [0.6622, 0.5585, 0.7983, 0.675], [0.6587, 0.8363, 0.9726, 0.4997], [0.6748, 1.0, 0.8796, 0.5344]]',0.1,1.75715919983008839189e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',1.10369670001091435551e+01);
CREATE TABLE audit_entry (
	sequence INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	user_id INTEGER, 
	address VARCHAR(64) NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	detail JSON NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit_entry PRIMARY KEY (sequence), 
	CONSTRAINT fk_audit_entry_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id), 
	CONSTRAINT uq_audit_entry_hash UNIQUE (hash)
);
INSERT INTO "audit_entry" VALUES(1,'2026-11-29 02:17:50.976225',1,'127.0.0.1','case.create','case:1','{"films": ["02f587acafffefbc0ed496e04b4be315e8ef49d9ad0f712c987d742780860c1d"], "research_consent": true}','0000000000000000000000000000000000000000000000000000000000000000','a99c1f14742c7d6b331b20126d9c34c026fc6a050481e681096e986236ac6004');
INSERT INTO "audit_entry" VALUES(2,'2026-11-29 02:17:51.051523',1,'127.0.0.1','case.create','case:2','{"films": ["d2458d0cd5244dbfa76878ff737c6c5e3435d8e0151e4b10bd062f263934a61d"], "research_consent": true}','a99c1f14742c7d6b331b20126d9c34c026fc6a050481e681096e986236ac6004','d7a4ea120d48c5546afda0c9725d7b2f7ee4b86202b07928688917b32901d4c1');
INSERT INTO "audit_entry" VALUES(3,'2026-11-29 02:17:51.120138',1,'127.0.0.1','case.create','case:3','{"films": ["a48d8094f89d73a4f3124fff3f6909b5c2177b29bea06172b01c181219c56a25"], "research_consent": true}','d7a4ea120d48c5546afda0c9725d7b2f7ee4b86202b07928688917b32901d4c1','4b7c79b8d3f41a9e2bb55ed3692f009b341e595bfa51fa9af73cf851e844ad32');
INSERT INTO "audit_entry" VALUES(4,'2026-11-29 02:17:51.187393',1,'127.0.0.1','case.create','case:4','{"films": ["ad572f92de929179898ab122b01d54f9f8ba46480b5728f3e337beb4e6abce38"], "research_consent": true}','4b7c79b8d3f41a9e2bb55ed3692f009b341e595bfa51fa9af73cf851e844ad32','5c463eba7ddf45018a8d58fb95d5513a79b60239b73dc347f66f127364622e54');
INSERT INTO "audit_entry" VALUES(5,'2026-11-29 02:17:51.275029',1,'127.0.0.1','film.stage','film:4ca8f2f2676767067217112b1c16614a1c9ecfb1f1d2fbea8d67cd117aad0bb4','{}','5c463eba7ddf45018a8d58fb95d5513a79b60239b73dc347f66f127364622e54','74ededf086e1e56268266f5dbd6f458b29dfd19ab8c9c489a53dae13f94e3257');
CREATE TABLE collection_export (
	id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	user_id INTEGER NOT NULL, 
	cases INTEGER NOT NULL, 
	films INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_collection_export PRIMARY KEY (id), 
	CONSTRAINT fk_collection_export_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
CREATE TABLE film (
	id INTEGER NOT NULL, 
	case_id INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	format VARCHAR(8), 
	width INTEGER, 
	height INTEGER, 
	projection VARCHAR(10), 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_film PRIMARY KEY (id), 
	CONSTRAINT fk_film_case_id_patient_case FOREIGN KEY(case_id) REFERENCES patient_case (id), 
	CONSTRAINT uq_film_case_id UNIQUE (case_id, sha256)
);
INSERT INTO "film" VALUES(1,1,'02f587acafffefbc0ed496e04b4be315e8ef49d9ad0f712c987d742780860c1d','PNG',256,256,'PA','2026-11-29 02:17:50.965808');
INSERT INTO "film" VALUES(2,2,'d2458d0cd5244dbfa76878ff737c6c5e3435d8e0151e4b10bd062f263934a61d','DICOM',160,160,'L','2026-11-29 02:17:51.049270');
INSERT INTO "film" VALUES(3,3,'a48d8094f89d73a4f3124fff3f6909b5c2177b29bea06172b01c181219c56a25','PNG',256,256,'PA','2026-11-29 02:17:51.118052');
INSERT INTO "film" VALUES(4,4,'ad572f92de929179898ab122b01d54f9f8ba46480b5728f3e337beb4e6abce38','DICOM',160,160,'PA','2026-11-29 02:17:51.185239');
CREATE TABLE film_review (
	sha256 VARCHAR(64) NOT NULL, 
	boxes JSON NOT NULL, 
	found_at DATETIME NOT NULL, 
	decision VARCHAR(10), 
	decided_by_id INTEGER, 
	decided_at DATETIME, 
	CONSTRAINT pk_film_review PRIMARY KEY (sha256), 
	CONSTRAINT fk_film_review_decided_by_id_user_account FOREIGN KEY(decided_by_id) REFERENCES user_account (id)
);
CREATE TABLE follow_up (
	id INTEGER NOT NULL, 
	case_id INTEGER NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	value VARCHAR(40) NOT NULL, 
	day DATE, 
	notes TEXT NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	supersedes_id INTEGER, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_follow_up PRIMARY KEY (id), 
	CONSTRAINT fk_follow_up_case_id_patient_case FOREIGN KEY(case_id) REFERENCES patient_case (id), 
	CONSTRAINT fk_follow_up_supersedes_id_follow_up FOREIGN KEY(supersedes_id) REFERENCES follow_up (id), 
	CONSTRAINT fk_follow_up_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id), 
	CONSTRAINT uq_follow_up_supersedes_id UNIQUE (supersedes_id)
);
CREATE TABLE installed_bundle (
	sha256 VARCHAR(64) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	version VARCHAR(40) NOT NULL, 
	verdict VARCHAR(20) NOT NULL, 
	active BOOLEAN NOT NULL, 
	installed_at DATETIME NOT NULL, 
	installed_by_id INTEGER NOT NULL, 
	CONSTRAINT pk_installed_bundle PRIMARY KEY (sha256), 
	CONSTRAINT fk_installed_bundle_installed_by_id_user_account FOREIGN KEY(installed_by_id) REFERENCES user_account (id)
);
CREATE TABLE one_time_link (
	token_sha256 VARCHAR(64) NOT NULL, 
	purpose VARCHAR(20) NOT NULL, 
	user_id INTEGER, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, 
	CONSTRAINT pk_one_time_link PRIMARY KEY (token_sha256), 
	CONSTRAINT fk_one_time_link_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
CREATE TABLE patient_case (
	id INTEGER NOT NULL, 
	unit_id INTEGER NOT NULL, 
	created_by_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	submission VARCHAR(64), 
	patient_code VARCHAR(40) NOT NULL, 
	national_id_encrypted TEXT, 
	national_id_hash VARCHAR(64), 
	age_years INTEGER, 
	sex VARCHAR(1), 
	province VARCHAR(40) NOT NULL, 
	symptom_onset DATE, 
	symptoms JSON NOT NULL, 
	comorbidities JSON NOT NULL, 
	spo2 INTEGER, 
	vaccine_doses INTEGER, 
	research_consent BOOLEAN NOT NULL, 
	notes TEXT NOT NULL, 
	sample BOOLEAN NOT NULL, 
	blind BOOLEAN NOT NULL, 
	CONSTRAINT pk_patient_case PRIMARY KEY (id), 
	CONSTRAINT fk_patient_case_created_by_id_user_account FOREIGN KEY(created_by_id) REFERENCES user_account (id), 
	CONSTRAINT fk_patient_case_unit_id_unit FOREIGN KEY(unit_id) REFERENCES unit (id), 
	CONSTRAINT uq_patient_case_submission UNIQUE (submission)
);
INSERT INTO "patient_case" VALUES(1,1,1,'2026-11-29 02:17:50.965808',NULL,'HC-0001',NULL,NULL,54,'F','Guayas','2026-11-23','["cough", "fever"]','["none"]',93,2,1,'',0,0);
INSERT INTO "patient_case" VALUES(2,1,1,'2026-11-29 02:17:51.049270',NULL,'HC-0002',NULL,NULL,54,'F','Guayas','2026-11-23','["cough", "fever"]','["none"]',93,2,1,'',0,0);
INSERT INTO "patient_case" VALUES(3,1,1,'2026-11-29 02:17:51.118052',NULL,'HC-0003',NULL,NULL,9,'F','Guayas','2026-11-23','["cough", "fever"]','["none"]',93,2,1,'',0,0);
INSERT INTO "patient_case" VALUES(4,1,1,'2026-11-29 02:17:51.185239',NULL,'HC-0004',NULL,NULL,54,'F','Guayas','2026-11-23','["cough", "fever"]','["none"]',93,2,1,'',0,0);
CREATE TABLE reading (
	id INTEGER NOT NULL, 
	case_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	finding VARCHAR(12) NOT NULL, 
	notes TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_reading PRIMARY KEY (id), 
	CONSTRAINT fk_reading_case_id_patient_case FOREIGN KEY(case_id) REFERENCES patient_case (id), 
	CONSTRAINT fk_reading_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
CREATE TABLE sign_in_session (
	token_sha256 VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	csrf_token VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, browser VARCHAR(80), 
	CONSTRAINT pk_sign_in_session PRIMARY KEY (token_sha256), 
	CONSTRAINT fk_sign_in_session_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
CREATE TABLE staged_film (
	token VARCHAR(64) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	examination JSON NOT NULL, 
	CONSTRAINT pk_staged_film PRIMARY KEY (token), 
	CONSTRAINT fk_staged_film_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
INSERT INTO "staged_film" VALUES('Yj14-eyw7Rn0YcbIlrPMggh8Bq-OxsMM8v9xqAckmoI','4ca8f2f2676767067217112b1c16614a1c9ecfb1f1d2fbea8d67cd117aad0bb4',1,'2026-11-29 02:17:51.264703','{"sha256": "4ca8f2f2676767067217112b1c16614a1c9ecfb1f1d2fbea8d67cd117aad0bb4", "facts": {"format": "PNG", "sha256": "4ca8f2f2676767067217112b1c16614a1c9ecfb1f1d2fbea8d67cd117aad0bb4", "bits": 8, "colour": false, "modality": null, "projection": null, "laterality": null, "body_part": null, "age_years": null, "sex": null, "spacing_mm": null}, "width": 256, "height": 256, "answer": {"outcome": "positive", "probability": 0.6045548807273753, "conformal_set": ["covid"], "refusal": null, "warnings": [{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}, {"code": "projection_unknown", "message": {"es": "La proyecci\u00f3n no consta en el archivo: compruebe que es frontal (PA o AP).", "en": "The file does not state the projection: check that it is frontal (PA or AP)."}}, {"code": "age_unknown", "message": {"es": "La edad no consta en el archivo: no lo use en menores de 18 a\u00f1os.", "en": "The file does not state the age: do not use it under 18 years."}}], "activation": [[0.6616, 1.0, 0.8537, 0.4778], [0.5344, 0.819, 0.8866, 0.7069], [0.5338, 0.5807, 0.992, 0.5715], [0.5371, 0.8144, 0.8214, 0.3779]], "prevalence": null, "post_test_probability": null, "bundle_name": "phantom", "bundle_version": "1.0", "bundle_sha256": "f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8", "bundle_verdict": "demonstration", "milliseconds": 24.298715999975684}}');
CREATE TABLE unit (
	id INTEGER NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	province VARCHAR(40) NOT NULL, 
	prevalence DOUBLE, 
	blind_mode BOOLEAN NOT NULL, 
	active BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_unit PRIMARY KEY (id), 
	CONSTRAINT uq_unit_name UNIQUE (name)
);
INSERT INTO "unit" VALUES(1,'Hospital Uno','Guayas',0.1,0,1,'2026-11-29 02:17:49.593857');
CREATE TABLE user_account (
	id INTEGER NOT NULL, 
	username VARCHAR(80) NOT NULL, 
	full_name VARCHAR(120) NOT NULL, 
	password_hash VARCHAR(200), 
	oidc_subject VARCHAR(255), 
	role VARCHAR(20) NOT NULL, 
	unit_id INTEGER, 
	language VARCHAR(2), 
	active BOOLEAN NOT NULL, 
	must_change_password BOOLEAN NOT NULL, 
	failed_sign_ins INTEGER NOT NULL, 
	locked_until DATETIME, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_user_account PRIMARY KEY (id), 
	CONSTRAINT fk_user_account_unit_id_unit FOREIGN KEY(unit_id) REFERENCES unit (id), 
	CONSTRAINT uq_user_account_oidc_subject UNIQUE (oidc_subject), 
	CONSTRAINT uq_user_account_username UNIQUE (username)
);
INSERT INTO "user_account" VALUES(1,'doctor','Doctor','$argon2id$v=19$m=65536,t=3,p=4$6LYWmheC1atY427Lbr8FNQ$6rKLwR4jA2EQMlA/NA6hY4LE4C95mDBG/Y1lRE1lHOo',NULL,'doctor',1,NULL,1,0,0,NULL,'2026-11-29 02:17:50.717288');
CREATE INDEX ix_api_token_user_id ON api_token (user_id);
CREATE INDEX ix_audit_entry_action ON audit_entry (action);
CREATE INDEX ix_audit_entry_at ON audit_entry (at);
CREATE INDEX ix_audit_entry_subject ON audit_entry (subject);
CREATE INDEX ix_patient_case_created_at ON patient_case (created_at);
CREATE INDEX ix_patient_case_national_id_hash ON patient_case (national_id_hash);
CREATE INDEX ix_patient_case_patient_code ON patient_case (patient_code);
CREATE INDEX ix_patient_case_province ON patient_case (province);
CREATE INDEX ix_patient_case_unit_created ON patient_case (unit_id, created_at);
CREATE INDEX ix_sign_in_session_user_id ON sign_in_session (user_id);
CREATE INDEX ix_staged_film_created_at ON staged_film (created_at);
CREATE INDEX ix_staged_film_user_id ON staged_film (user_id);
CREATE INDEX ix_film_case_id ON film (case_id);
CREATE INDEX ix_film_sha256 ON film (sha256);
CREATE INDEX ix_follow_up_case_id ON follow_up (case_id);
CREATE INDEX ix_follow_up_kind ON follow_up (kind);
CREATE INDEX ix_reading_case_id ON reading (case_id);
CREATE INDEX ix_assessment_bundle_sha256 ON assessment (bundle_sha256);
CREATE INDEX ix_assessment_created_at ON assessment (created_at);
CREATE INDEX ix_assessment_film_id ON assessment (film_id);
COMMIT;
