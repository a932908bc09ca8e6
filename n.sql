\set user random(0, 9999)
INSERT INTO norders (name, note) VALUES ('user ' || :user, 'a note of usual length') RETURNING id;
