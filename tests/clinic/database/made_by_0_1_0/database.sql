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
INSERT INTO "answer_shown" VALUES(1,2,'2026-11-29 01:53:09.366271');
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
INSERT INTO "api_token" VALUES(1,2,'Sistema del hospital','0c02f64b9a25712dfe1abd2a4bc4cdfb254433aeaed84763723c0e51afaf4366','2026-11-29 01:53:09.525160','2027-02-27 01:53:09.525160',NULL,NULL);
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
INSERT INTO "assessment" VALUES(1,1,'2026-10-20 01:53:08.941298','positive',8.64534881979778790928e-01,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.4547, 0.5596, 0.543, 0.4439], [0.5444, 0.5084, 0.8431, 0.7217], [0.5491, 0.6914, 1.0, 0.5302], [0.5557, 0.8081, 0.718, 0.4368]]',0.1,0.41489954996232,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',3.27384820000133913708e+01);
INSERT INTO "assessment" VALUES(2,2,'2026-11-09 01:53:09.041336','refused',NULL,'[]','{"code": "too_small", "message": {"es": "La imagen es demasiado peque\u00f1a para leerla (64 x 64). Use la radiograf\u00eda original, no una miniatura.", "en": "The image is too small to read (64 x 64). Use the original radiograph, not a thumbnail."}}','[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]',NULL,0.1,NULL,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',2.31073000122705707326e-01);
INSERT INTO "assessment" VALUES(3,3,'2026-11-09 01:53:09.041336','positive',6.62693936897188695667e-01,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.599, 0.8606, 0.8753, 0.5884], [0.4075, 0.7124, 0.6966, 0.4156], [0.5028, 0.7419, 1.0, 0.5854], [0.5521, 0.9229, 0.9782, 0.6799]]',0.1,1.79181604403329447494e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',1.0232145999907515943e+01);
INSERT INTO "assessment" VALUES(4,4,'2026-11-14 01:53:09.109068','negative',9.1706962645277848023e-02,'["nocovid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.5753, 0.6423, 0.6946, 0.4486], [0.6612, 0.4816, 0.6647, 0.6103], [0.6552, 0.5474, 1.0, 0.5649], [0.6602, 0.8926, 0.9084, 0.5872]]',0.1,1.10940168144425792967e-02,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',7.10036199984642735216e+00);
INSERT INTO "assessment" VALUES(5,5,'2026-11-20 01:53:09.175837','refused',NULL,'[]','{"code": "too_small", "message": {"es": "La imagen es demasiado peque\u00f1a para leerla (64 x 64). Use la radiograf\u00eda original, no una miniatura.", "en": "The image is too small to read (64 x 64). Use the original radiograph, not a thumbnail."}}','[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]',NULL,0.1,NULL,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',2.25444000079733086749e-01);
INSERT INTO "assessment" VALUES(6,6,'2026-11-26 01:53:09.229186','positive',0.636375622904221,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}, {"code": "age_unknown", "message": {"es": "La edad no consta en el archivo: no lo use en menores de 18 a\u00f1os.", "en": "The file does not state the age: do not use it under 18 years."}}]','[[0.5484, 0.8401, 0.8768, 0.4815], [0.56, 0.5142, 0.6907, 0.3683], [0.4646, 0.6808, 1.0, 0.4234], [0.6728, 0.9436, 0.9668, 0.5161]]',0.1,1.62797757524559633113e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',7.3853849999068188481e+00);
INSERT INTO "assessment" VALUES(7,7,'2026-11-28 01:53:09.261078','inconclusive',5.88221252854395415532e-01,'["covid", "nocovid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.4868, 0.8089, 0.9428, 0.5765], [0.5325, 0.4542, 0.7691, 0.5204], [0.3622, 0.7453, 0.9717, 0.5216], [0.5975, 0.9113, 1.0, 0.7708]]',0.1,1.36979448232242673189e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',7.2072200000548036769e+00);
INSERT INTO "assessment" VALUES(8,8,'2026-11-23 01:53:09.337288','positive',6.04701243036381064221e-01,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.6616, 1.0, 0.8536, 0.4774], [0.5335, 0.8187, 0.8864, 0.7067], [0.5334, 0.5799, 0.9922, 0.5711], [0.5362, 0.8143, 0.8219, 0.3768]]',NULL,NULL,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',7.41942599984213302377e+00);
INSERT INTO "assessment" VALUES(9,9,'2026-11-23 01:53:09.337288','inconclusive',4.85432457284842799882e-01,'["covid", "nocovid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.3377, 0.6464, 0.8337, 0.3603], [0.5966, 0.7455, 0.6281, 0.4758], [0.5722, 0.6379, 1.0, 0.7147], [0.5513, 0.854, 0.9862, 0.627]]',NULL,NULL,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',2.57803799991052073892e+00);
INSERT INTO "assessment" VALUES(10,10,'2026-11-10 01:53:09.041336','positive',6.62693936897188695667e-01,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.599, 0.8606, 0.8753, 0.5884], [0.4075, 0.7124, 0.6966, 0.4156], [0.5028, 0.7419, 1.0, 0.5854], [0.5521, 0.9229, 0.9782, 0.6799]]',0.1,1.79181604403329447494e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',1.0232145999907515943e+01);
INSERT INTO "assessment" VALUES(11,3,'2026-11-10 01:53:09.041336','positive',6.62693936897188695667e-01,'["covid"]',NULL,'[{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}]','[[0.599, 0.8606, 0.8753, 0.5884], [0.4075, 0.7124, 0.6966, 0.4156], [0.5028, 0.7419, 1.0, 0.5854], [0.5521, 0.9229, 0.9782, 0.6799]]',0.1,1.79181604403329447494e-01,'phantom','1.0','f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','demonstration',1.0232145999907515943e+01);
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
INSERT INTO "audit_entry" VALUES(1,'2026-11-29 01:53:08.951767',2,'10.0.0.2','case.create','case:1','{"films": ["450d84b884908c64d69605572dc88fd780691796a506228a7678786dd75e35f1"], "research_consent": true}','0000000000000000000000000000000000000000000000000000000000000000','d289d5acbea6e4e3e41026a723c3640daf8b21a2606c0d481ec5882dc1160416');
INSERT INTO "audit_entry" VALUES(2,'2026-11-29 01:53:09.001453',2,'10.0.0.2','follow_up.add','case:1','{"follow_up": 1, "kind": "rt_pcr", "supersedes": null}','d289d5acbea6e4e3e41026a723c3640daf8b21a2606c0d481ec5882dc1160416','f0ce1f485400120176e0a502a53d1b14db4661848540e5ee99bd8758d4b8c9a9');
INSERT INTO "audit_entry" VALUES(3,'2026-11-29 01:53:09.049445',2,'10.0.0.2','case.create','case:2','{"films": ["e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4", "e17e8da867f8ab05e0c6bf05ca310a8dbbddf76b26372ef48aa49bf40f154434"], "research_consent": true}','f0ce1f485400120176e0a502a53d1b14db4661848540e5ee99bd8758d4b8c9a9','7c54e16fca6cb601be2c51b700074020fdd0cd6c67a15351c9e1e9432f807067');
INSERT INTO "audit_entry" VALUES(4,'2026-11-29 01:53:09.063482',2,'10.0.0.2','follow_up.add','case:2','{"follow_up": 2, "kind": "rt_pcr", "supersedes": null}','7c54e16fca6cb601be2c51b700074020fdd0cd6c67a15351c9e1e9432f807067','fe8f2b75b700800f5c428356693c4e2eea336ac15cb2fd4c1f31ce37e7236b77');
INSERT INTO "audit_entry" VALUES(5,'2026-11-29 01:53:09.075238',2,'10.0.0.2','follow_up.correct','case:2','{"follow_up": 3, "kind": "rt_pcr", "supersedes": 2}','fe8f2b75b700800f5c428356693c4e2eea336ac15cb2fd4c1f31ce37e7236b77','786504d18732dd6cce38296ec2825fe03a6598c2603ebc7ac13dbca55337cf3d');
INSERT INTO "audit_entry" VALUES(6,'2026-11-29 01:53:09.083146',2,'10.0.0.2','follow_up.add','case:2','{"follow_up": 4, "kind": "antigen", "supersedes": null}','786504d18732dd6cce38296ec2825fe03a6598c2603ebc7ac13dbca55337cf3d','2232d5f2c65458c41072fdf76ab85b017a9914ec688d877b819db4981b551dc8');
INSERT INTO "audit_entry" VALUES(7,'2026-11-29 01:53:09.111174',2,'10.0.0.2','case.create','case:3','{"films": ["1ee82fbb47b5388ecfb05cef832485c0fbf4a8c3be6b7e556fc4b865a8549dee"], "research_consent": true}','2232d5f2c65458c41072fdf76ab85b017a9914ec688d877b819db4981b551dc8','6bb2173e2372b90085f483e8397e60e2e06e077d0ff5f4d8f175291911d706ad');
INSERT INTO "audit_entry" VALUES(8,'2026-11-29 01:53:09.131145',2,'10.0.0.2','follow_up.add','case:3','{"follow_up": 5, "kind": "antigen", "supersedes": null}','6bb2173e2372b90085f483e8397e60e2e06e077d0ff5f4d8f175291911d706ad','1c566b2e4398065e4d08216fed8a67152458b58acf3a4cb185e3187c93caae1c');
INSERT INTO "audit_entry" VALUES(9,'2026-11-29 01:53:09.138810',2,'10.0.0.2','follow_up.correct','case:3','{"follow_up": 6, "kind": "antigen", "supersedes": 5}','1c566b2e4398065e4d08216fed8a67152458b58acf3a4cb185e3187c93caae1c','c143cfa34795c926b14f9e38a55043647dd63b2dca92cc6e17879332799eb6ad');
INSERT INTO "audit_entry" VALUES(10,'2026-11-29 01:53:09.147291',2,'10.0.0.2','follow_up.add','case:3','{"follow_up": 7, "kind": "rt_pcr", "supersedes": null}','c143cfa34795c926b14f9e38a55043647dd63b2dca92cc6e17879332799eb6ad','5f2813adbd41c0e04f6a6b2549e5b6a314992093d2c2329642929f8b2314ed17');
INSERT INTO "audit_entry" VALUES(11,'2026-11-29 01:53:09.155000',2,'10.0.0.2','follow_up.add','case:3','{"follow_up": 8, "kind": "diagnosis", "supersedes": null}','5f2813adbd41c0e04f6a6b2549e5b6a314992093d2c2329642929f8b2314ed17','7f5d83934e4f2983d45acef0d50224e8d3debe53ce319a9f1c61a462c266dc0f');
INSERT INTO "audit_entry" VALUES(12,'2026-11-29 01:53:09.160402',2,'10.0.0.2','follow_up.add','case:3','{"follow_up": 9, "kind": "outcome", "supersedes": null}','7f5d83934e4f2983d45acef0d50224e8d3debe53ce319a9f1c61a462c266dc0f','224655cdfa611695600d03114670167c23777a0ff81699987dc738ecf504f859');
INSERT INTO "audit_entry" VALUES(13,'2026-11-29 01:53:09.166899',2,'10.0.0.2','follow_up.add','case:3','{"follow_up": 10, "kind": "outcome", "supersedes": null}','224655cdfa611695600d03114670167c23777a0ff81699987dc738ecf504f859','dfe67eb2096bf58b9e72f5ac45a6b462c79a6a84a40cef028261c81ac452b2f9');
INSERT INTO "audit_entry" VALUES(14,'2026-11-29 01:53:09.177401',2,'10.0.0.2','case.create','case:4','{"films": ["e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4"], "research_consent": true}','dfe67eb2096bf58b9e72f5ac45a6b462c79a6a84a40cef028261c81ac452b2f9','15c505303c4c1dbb7c354c968ec8fe8551b711b80a429b4c966e639320c79a4a');
INSERT INTO "audit_entry" VALUES(15,'2026-11-29 01:53:09.194978',2,'10.0.0.2','follow_up.add','case:4','{"follow_up": 11, "kind": "consent", "supersedes": null}','15c505303c4c1dbb7c354c968ec8fe8551b711b80a429b4c966e639320c79a4a','09506a61653779c998235918a7a733a67e0b938d2e2c13bd8f1c944bef8f3abd');
INSERT INTO "audit_entry" VALUES(16,'2026-11-29 01:53:09.203077',2,'10.0.0.2','follow_up.add','case:4','{"follow_up": 12, "kind": "rt_pcr", "supersedes": null}','09506a61653779c998235918a7a733a67e0b938d2e2c13bd8f1c944bef8f3abd','0b56be6c5f0ea4ce333a3b8c3c9508092b6f4f12105da828f7b7b81ee480ff7d');
INSERT INTO "audit_entry" VALUES(17,'2026-11-29 01:53:09.231168',2,'10.0.0.2','case.create','case:5','{"films": ["d0a9112f5984d2a25649f810804c662f1bbfdb1cae2282f1c6e2a2b1d1b84f57"], "research_consent": false}','0b56be6c5f0ea4ce333a3b8c3c9508092b6f4f12105da828f7b7b81ee480ff7d','0e31d374496dd256fbbb74fea1abfa0def059fe254c3e9be6016e19f7b20f746');
INSERT INTO "audit_entry" VALUES(18,'2026-11-29 01:53:09.263027',2,'10.0.0.2','case.create','case:6','{"films": ["4c6a4bd16d2b68456e057dd5a3600e4052f294a6117d0b7d56a8f7a335f9dca8"], "research_consent": false}','0e31d374496dd256fbbb74fea1abfa0def059fe254c3e9be6016e19f7b20f746','6563d7623dd0a81308a67f5e3d7498cec6f3a260c933b9d814427350f05b6645');
INSERT INTO "audit_entry" VALUES(19,'2026-11-29 01:53:09.340256',4,'10.0.0.2','case.create','case:7','{"films": ["e916e554a1729619e9f8530d3f5e9f0b02c8941da1d54c3295c5c081fbef2061", "b29546cf11a907e80644aba61012de2a8136f991977ef7f9709d6a62b88b5e84"], "research_consent": true}','6563d7623dd0a81308a67f5e3d7498cec6f3a260c933b9d814427350f05b6645','f26c9f30c7105c5ad114fa79665ba676f806531d2927d4e548f2710b94282df2');
INSERT INTO "audit_entry" VALUES(20,'2026-11-29 01:53:09.359087',4,'10.0.0.2','follow_up.add','case:7','{"follow_up": 13, "kind": "diagnosis", "supersedes": null}','f26c9f30c7105c5ad114fa79665ba676f806531d2927d4e548f2710b94282df2','82f5fdc80a337bb2d7b08fcd0f58b907976241f477247b69aacab8c84944ba1e');
INSERT INTO "audit_entry" VALUES(21,'2026-11-29 01:53:09.375285',2,'10.0.0.2','reading.create','case:1','{"reading": 1, "kind": "open", "finding": "positive"}','82f5fdc80a337bb2d7b08fcd0f58b907976241f477247b69aacab8c84944ba1e','46d0dfca23b0c4d07ec90196d945a1854031c57bf75b812a26bd59233be1e697');
INSERT INTO "audit_entry" VALUES(22,'2026-11-29 01:53:09.376650',3,'10.0.0.3','reading.create','case:1','{"reading": 2, "kind": "second", "finding": "inconclusive"}','46d0dfca23b0c4d07ec90196d945a1854031c57bf75b812a26bd59233be1e697','2b8123a6fd4706504f90b88f05977da01ed9ac13ede4cfe653e1a9f68351d371');
INSERT INTO "audit_entry" VALUES(23,'2026-11-29 01:53:09.383940',4,'10.0.0.4','reading.create','case:7','{"reading": 3, "kind": "informed", "finding": "negative"}','2b8123a6fd4706504f90b88f05977da01ed9ac13ede4cfe653e1a9f68351d371','755733e3f5ffa4bb3552a462ea8aecade124baea51990762196367206689b5f0');
INSERT INTO "audit_entry" VALUES(24,'2026-11-29 01:53:09.475770',2,'10.0.0.2','film.stage','film:a98df2ee05b559ff9800c8165e51bbebeea1dc65203ad1b23537f13ba36f50a0','{}','755733e3f5ffa4bb3552a462ea8aecade124baea51990762196367206689b5f0','5c5dfe2c9de256d3b8b26213eb5f0c25768566023a1ea92276b407aa1aed417c');
INSERT INTO "audit_entry" VALUES(25,'2026-11-29 01:53:09.494865',2,'10.0.0.2','film.stage','film:e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4','{}','5c5dfe2c9de256d3b8b26213eb5f0c25768566023a1ea92276b407aa1aed417c','7dfce938124ddacbb1d5abc9cd56608c4a4510fadbfb885cebf7d4cc83c45d4a');
INSERT INTO "audit_entry" VALUES(26,'2026-11-29 01:53:09.521467',1,'10.0.0.1','bundle.install','bundle:f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','{}','7dfce938124ddacbb1d5abc9cd56608c4a4510fadbfb885cebf7d4cc83c45d4a','5b311d58443f377dea3b5db0044d7e2c2b620636f91d974ea60ef32a0f66b935');
INSERT INTO "audit_entry" VALUES(27,'2026-11-29 01:53:09.527296',2,'10.0.0.2','token.create','token:1','{"days": 90}','5b311d58443f377dea3b5db0044d7e2c2b620636f91d974ea60ef32a0f66b935','1be017721d379ba80de2ff1a8854cd7fbb0c9ced0986cddd4d39b780350dd539');
INSERT INTO "audit_entry" VALUES(28,'2026-11-29 01:53:09.567648',NULL,'','backup.create','installation','{}','1be017721d379ba80de2ff1a8854cd7fbb0c9ced0986cddd4d39b780350dd539','9d38ecad255a584ef5a5cbbbdc6d77a1cb2861bb8102105f36cb55b63ce8aa2d');
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
INSERT INTO "collection_export" VALUES(1,'2026-11-29 01:53:09.553285',1,1,1,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
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
INSERT INTO "film" VALUES(1,1,'450d84b884908c64d69605572dc88fd780691796a506228a7678786dd75e35f1','JPEG',256,256,'PA','2026-10-20 01:53:08.941298');
INSERT INTO "film" VALUES(2,2,'e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4',NULL,NULL,NULL,'PA','2026-11-09 01:53:09.041336');
INSERT INTO "film" VALUES(3,2,'e17e8da867f8ab05e0c6bf05ca310a8dbbddf76b26372ef48aa49bf40f154434','JPEG',256,256,'PA','2026-11-09 01:53:09.041336');
INSERT INTO "film" VALUES(4,3,'1ee82fbb47b5388ecfb05cef832485c0fbf4a8c3be6b7e556fc4b865a8549dee','JPEG',256,256,'PA','2026-11-14 01:53:09.109068');
INSERT INTO "film" VALUES(5,4,'e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4',NULL,NULL,NULL,'PA','2026-11-20 01:53:09.175837');
INSERT INTO "film" VALUES(6,5,'d0a9112f5984d2a25649f810804c662f1bbfdb1cae2282f1c6e2a2b1d1b84f57','JPEG',256,256,'PA','2026-11-26 01:53:09.229186');
INSERT INTO "film" VALUES(7,6,'4c6a4bd16d2b68456e057dd5a3600e4052f294a6117d0b7d56a8f7a335f9dca8','JPEG',256,256,'PA','2026-11-28 01:53:09.261078');
INSERT INTO "film" VALUES(8,7,'e916e554a1729619e9f8530d3f5e9f0b02c8941da1d54c3295c5c081fbef2061','JPEG',256,256,'PA','2026-11-23 01:53:09.337288');
INSERT INTO "film" VALUES(9,7,'b29546cf11a907e80644aba61012de2a8136f991977ef7f9709d6a62b88b5e84','JPEG',256,256,'PA','2026-11-23 01:53:09.337288');
INSERT INTO "film" VALUES(10,2,'630656e3caa569e3105670279838eee682cedcc085b4125275ab09d844e63c0d','JPEG',256,256,'PA','2026-11-10 01:53:09.041336');
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
INSERT INTO "film_review" VALUES('1ee82fbb47b5388ecfb05cef832485c0fbf4a8c3be6b7e556fc4b865a8549dee','[[1, 2, 30, 40]]','2026-11-29 01:53:09.557716','clear',2,'2026-11-29 01:53:09.557723');
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
INSERT INTO "follow_up" VALUES(1,1,'rt_pcr','positive','2026-11-18','',2,'2026-11-29 01:53:08.993947',NULL,'');
INSERT INTO "follow_up" VALUES(2,2,'rt_pcr','positive','2026-11-08','',2,'2026-11-29 01:53:09.062627',NULL,'');
INSERT INTO "follow_up" VALUES(3,2,'rt_pcr','negative','2026-11-08','',2,'2026-11-29 01:53:09.074517',2,'Muestra de otro paciente');
INSERT INTO "follow_up" VALUES(4,2,'antigen','positive','2026-11-09','',2,'2026-11-29 01:53:09.082432',NULL,'');
INSERT INTO "follow_up" VALUES(5,3,'antigen','positive','2026-11-14','',2,'2026-11-29 01:53:09.130481',NULL,'');
INSERT INTO "follow_up" VALUES(6,3,'antigen','void',NULL,'',2,'2026-11-29 01:53:09.138202',5,'Otro paciente');
INSERT INTO "follow_up" VALUES(7,3,'rt_pcr','indeterminate','2026-11-14','',2,'2026-11-29 01:53:09.146630',NULL,'');
INSERT INTO "follow_up" VALUES(8,3,'diagnosis','other',NULL,'Fibrosis pulmonar',2,'2026-11-29 01:53:09.154369',NULL,'');
INSERT INTO "follow_up" VALUES(9,3,'outcome','discharged','2026-11-26','',2,'2026-11-29 01:53:09.159867',NULL,'');
INSERT INTO "follow_up" VALUES(10,3,'outcome','admitted','2026-11-16','',2,'2026-11-29 01:53:09.166301',NULL,'');
INSERT INTO "follow_up" VALUES(11,4,'consent','withdrawn',NULL,'',2,'2026-11-29 01:53:09.194358',NULL,'');
INSERT INTO "follow_up" VALUES(12,4,'rt_pcr','negative','2026-11-19','',2,'2026-11-29 01:53:09.202315',NULL,'');
INSERT INTO "follow_up" VALUES(13,7,'diagnosis','U07.1',NULL,'',4,'2026-11-29 01:53:09.358422',NULL,'');
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
INSERT INTO "installed_bundle" VALUES('f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8','phantom','1.0','demonstration',0,'2026-11-29 01:53:09.515817',1);
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
INSERT INTO "one_time_link" VALUES('a4697f85cc522a248b445230607fbffbf949bb281f86b777be98e918bc199921','password',3,'2026-11-29 01:53:09.546445','2026-11-30 01:53:09.546445',NULL);
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
INSERT INTO "patient_case" VALUES(1,1,2,'2026-10-20 01:53:08.941298','form-HC-0001','HC-0001','gAAAAABrC4WErpAN5TRoVf8EFFkbEUzWI2912GrOLGJSq8O3qyz4ePs5fkpSxKxmn9-W-MciiXUXGABFAJu7lTuMr9w7rqUMQA==','469d434de4886ec71148b6a32a9de0fd2913ae240c6dc96593bcf04024a84948',54,'F','Guayas','2026-10-14','["cough", "fever"]','["none"]',93,2,1,'',0,0);
INSERT INTO "patient_case" VALUES(2,1,2,'2026-11-09 01:53:09.041336','form-HC-0002','HC-0002',NULL,NULL,54,'F','Guayas','2026-11-03','["cough", "fever"]','["none"]',93,2,1,'Disnea progresiva.',0,0);
INSERT INTO "patient_case" VALUES(3,1,2,'2026-11-14 01:53:09.109068','form-HC-0003','HC-0003',NULL,NULL,71,'M','Guayas','2026-11-08','["cough", "fever"]','["none"]',93,2,1,'',0,0);
INSERT INTO "patient_case" VALUES(4,1,2,'2026-11-20 01:53:09.175837','form-HC-0004','HC-0004',NULL,NULL,54,'F','Guayas','2026-11-14','["cough", "fever"]','["none"]',93,2,1,'',0,0);
INSERT INTO "patient_case" VALUES(5,1,2,'2026-11-26 01:53:09.229186','form-HC-0005','HC-0005',NULL,NULL,NULL,NULL,'Guayas',NULL,'[]','[]',NULL,NULL,0,'',0,0);
INSERT INTO "patient_case" VALUES(6,1,2,'2026-11-28 01:53:09.261078','form-MUESTRA','MUESTRA',NULL,NULL,54,'F','Guayas','2026-11-22','["cough", "fever"]','["none"]',93,2,0,'',1,0);
INSERT INTO "patient_case" VALUES(7,2,4,'2026-11-23 01:53:09.337288','form-CD-0001','CD-0001',NULL,NULL,54,'F','Guayas','2026-11-17','["cough", "fever"]','["none"]',93,2,1,'',0,1);
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
INSERT INTO "reading" VALUES(1,1,2,'open','positive','Opacidades basales.','2026-11-29 01:53:09.373974');
INSERT INTO "reading" VALUES(2,1,3,'second','inconclusive','','2026-11-29 01:53:09.376249');
INSERT INTO "reading" VALUES(3,7,4,'informed','negative','','2026-11-29 01:53:09.383362');
CREATE TABLE sign_in_session (
	token_sha256 VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	csrf_token VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, browser VARCHAR(80), 
	CONSTRAINT pk_sign_in_session PRIMARY KEY (token_sha256), 
	CONSTRAINT fk_sign_in_session_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
INSERT INTO "sign_in_session" VALUES('1cb81271cf24f3a4d6c1aa10555f3301db947790c9e71834860c9d133f42c019',2,'IEzV0TK3Gyox5TuEaWhtEtJBsZk52FPQJHuB4fuek-c','2026-11-29 01:53:09.539234','2026-11-29 01:53:09.539234','Firefox');
CREATE TABLE staged_film (
	token VARCHAR(64) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	examination JSON NOT NULL, 
	CONSTRAINT pk_staged_film PRIMARY KEY (token), 
	CONSTRAINT fk_staged_film_user_id_user_account FOREIGN KEY(user_id) REFERENCES user_account (id)
);
INSERT INTO "staged_film" VALUES('mcKaom6i9o7Xa54HEXX176lj0Ku5L8I2n0Fk18Y4FPI','a98df2ee05b559ff9800c8165e51bbebeea1dc65203ad1b23537f13ba36f50a0',2,'2026-11-29 01:53:09.467639','{"sha256": "a98df2ee05b559ff9800c8165e51bbebeea1dc65203ad1b23537f13ba36f50a0", "facts": {"format": "JPEG", "sha256": "a98df2ee05b559ff9800c8165e51bbebeea1dc65203ad1b23537f13ba36f50a0", "bits": 8, "colour": false, "modality": null, "projection": null, "laterality": null, "body_part": null, "age_years": null, "sex": null, "spacing_mm": null}, "width": 256, "height": 256, "answer": {"outcome": "positive", "probability": 0.741160241518414, "conformal_set": ["covid"], "refusal": null, "warnings": [{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}, {"code": "projection_unknown", "message": {"es": "La proyecci\u00f3n no consta en el archivo: compruebe que es frontal (PA o AP).", "en": "The file does not state the projection: check that it is frontal (PA or AP)."}}, {"code": "age_unknown", "message": {"es": "La edad no consta en el archivo: no lo use en menores de 18 a\u00f1os.", "en": "The file does not state the age: do not use it under 18 years."}}], "activation": [[0.6007, 0.9352, 0.899, 0.6806], [0.6076, 0.6359, 0.5403, 0.6211], [0.6641, 0.7741, 0.9823, 0.5923], [0.827, 1.0, 0.9956, 0.8068]], "prevalence": null, "post_test_probability": null, "bundle_name": "phantom", "bundle_version": "1.0", "bundle_sha256": "f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8", "bundle_verdict": "demonstration", "milliseconds": 5.103156000132003}}');
INSERT INTO "staged_film" VALUES('quFyp5K7nudp1MrpRFmNpJxsfrUpJwAYwUiiwHAiVvg','e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4',2,'2026-11-29 01:53:09.494089','{"sha256": "e20e20a962e32eae23b7a4c515075fd8d02a6ea22cafb679c41efc99fbe69db4", "facts": null, "width": null, "height": null, "answer": {"outcome": "refused", "probability": null, "conformal_set": [], "refusal": {"code": "too_small", "message": {"es": "La imagen es demasiado peque\u00f1a para leerla (64 x 64). Use la radiograf\u00eda original, no una miniatura.", "en": "The image is too small to read (64 x 64). Use the original radiograph, not a thumbnail."}}, "warnings": [{"code": "demonstration_model", "message": {"es": "Modelo de demostraci\u00f3n: no lo use para decidir sobre pacientes.", "en": "Demonstration model: do not use it to decide about patients."}}, {"code": "no_input_gate", "message": {"es": "El modelo no reconoce por s\u00ed mismo una radiograf\u00eda de t\u00f3rax frontal: compruebe que lo es.", "en": "The model cannot tell a frontal chest radiograph by itself: check that this is one."}}], "activation": null, "prevalence": null, "post_test_probability": null, "bundle_name": "phantom", "bundle_version": "1.0", "bundle_sha256": "f518dd859a4e31d606bcee7cff7412d8f3fb0d429f6d05fa12c2e36bbd5a1ae8", "bundle_verdict": "demonstration", "milliseconds": 0.27509799997460505}}');
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
INSERT INTO "unit" VALUES(1,'Hospital Uno','Guayas',0.1,0,1,'2026-11-29 01:53:08.077534');
INSERT INTO "unit" VALUES(2,'Centro Dos','Pichincha',NULL,1,1,'2026-11-29 01:53:08.129137');
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
INSERT INTO "user_account" VALUES(1,'admin','Admin','$argon2id$v=19$m=65536,t=3,p=4$0Q0oy4cucFcQIZS4KyB06g$wh04ZcXA8aMQdNbT3IK3tVOrislUxvBte4q0DkH3mEQ',NULL,'administrator',1,NULL,1,0,0,NULL,'2026-11-29 01:53:08.769330');
INSERT INTO "user_account" VALUES(2,'ana','Ana','$argon2id$v=19$m=65536,t=3,p=4$0Q0oy4cucFcQIZS4KyB06g$wh04ZcXA8aMQdNbT3IK3tVOrislUxvBte4q0DkH3mEQ',NULL,'doctor',1,NULL,1,0,0,NULL,'2026-11-29 01:53:08.778123');
INSERT INTO "user_account" VALUES(3,'rita','Rita','$argon2id$v=19$m=65536,t=3,p=4$0Q0oy4cucFcQIZS4KyB06g$wh04ZcXA8aMQdNbT3IK3tVOrislUxvBte4q0DkH3mEQ',NULL,'radiologist',1,NULL,1,0,0,NULL,'2026-11-29 01:53:08.781734');
INSERT INTO "user_account" VALUES(4,'luis','Luis','$argon2id$v=19$m=65536,t=3,p=4$0Q0oy4cucFcQIZS4KyB06g$wh04ZcXA8aMQdNbT3IK3tVOrislUxvBte4q0DkH3mEQ',NULL,'doctor',2,NULL,1,0,0,NULL,'2026-11-29 01:53:08.790032');
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
