-- A database of version 2: chats could be pinned and summarized; every message had one text.
CREATE TABLE chat (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    has_own_title INTEGER NOT NULL DEFAULT 0,
    created_seconds REAL NOT NULL,
    updated_seconds REAL NOT NULL,
    deleted_seconds REAL,
    draft TEXT NOT NULL DEFAULT '',
    settings TEXT NOT NULL DEFAULT '{}',
    model TEXT NOT NULL DEFAULT '',
    is_pinned INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT '',
    is_streaming INTEGER NOT NULL DEFAULT 0,
    ending TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    created_seconds REAL NOT NULL,
    model TEXT,
    settings TEXT NOT NULL DEFAULT '{}',
    seed INTEGER,
    stats TEXT,
    is_edited INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX message_of_chat ON message (chat_id);
CREATE TABLE fragment (
    message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (message_id, sequence)
) WITHOUT ROWID;
CREATE TABLE choice (
    chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    parent_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (chat_id, parent_id)
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE summary (
    id TEXT PRIMARY KEY,
    chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    through_id TEXT NOT NULL,
    text TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    created_seconds REAL NOT NULL
);
CREATE INDEX summary_of_chat ON summary (chat_id);
CREATE VIRTUAL TABLE message_index
    USING fts5(text, content='message', content_rowid='number', tokenize='unicode61');
CREATE VIRTUAL TABLE chat_index
    USING fts5(title, content='chat', content_rowid='number', tokenize='unicode61');
INSERT INTO fact VALUES ('index', 'unicode61');
INSERT INTO chat VALUES
    (1, 'tea', 'Tea', 1, 1000.0, 1040.0, NULL, 'and then', '{"system": "Be brief."}', 'Guide', 1),
    (2, 'gone', 'Gone', 0, 900.0, 910.0, 1e12, '', '{}', '', 0);
INSERT INTO message
    (number, id, chat_id, parent_id, role, text, is_streaming, ending, created_seconds, model, seed)
VALUES
    (1, 'q1', 'tea', NULL, 'user', 'What is green tea?', 0, '', 1000.0, NULL, NULL),
    (2, 'a1', 'tea', 'q1', 'assistant', 'Leaves that were not fermented.', 0, 'stop', 1010.0,
        '{"name": "Guide", "quant": "Q8_0", "sha256": "ab", "file_name": "guide.gguf"}', 7),
    (3, 'a2', 'tea', 'q1', 'assistant', 'A drink.', 0, 'stop', 1020.0, NULL, 8),
    (4, 'q2', 'tea', 'a1', 'user', '绿茶呢?', 0, '', 1030.0, NULL, NULL),
    (5, 'a3', 'tea', 'q2', 'assistant', '', 1, '', 1040.0, NULL, NULL),
    (6, 'q3', 'gone', NULL, 'user', 'Hello', 0, '', 900.0, NULL, NULL);
INSERT INTO choice VALUES ('tea', '', 'q1'), ('tea', 'q1', 'a1'), ('tea', 'a1', 'q2'),
    ('tea', 'q2', 'a3'), ('gone', '', 'q3');
INSERT INTO summary VALUES ('s1', 'tea', 'a1', 'About tea.', 'Guide', 1025.0);
INSERT INTO fragment VALUES ('a3', 1, 'reasoning', 'Hm.'), ('a3', 2, 'answer', 'It is '),
    ('a3', 3, 'answer', 'green');
INSERT INTO message_index (message_index) VALUES ('rebuild');
INSERT INTO chat_index (chat_index) VALUES ('rebuild');
PRAGMA application_id = 1819239265;
PRAGMA user_version = 2;
