"""The tables of a historian on PostgreSQL, and where its catalogue shows them.

The first of March is a table ``samples_20260301`` of its own, so that retention drops it and a question about a moment
opens no other; what only a wrong clock can have stamped lies in ``samples_other``.
"""

from __future__ import annotations

CREATE = """
create table {schema}.about (version integer not null);
insert into {schema}.about values ({version});
create table {schema}.registered (
    number integer primary key, name text not null unique, unit text not null, stepped boolean not null
);
create table {schema}.positions (spool text primary key, batch bigint not null);
create table {schema}.samples (
    tag integer not null, time timestamptz not null, value double precision, raw double precision,
    status bigint not null, seq bigint not null, source smallint not null
) partition by range (time);
create index samples_order on {schema}.samples (tag, time, seq desc);
create table {schema}.samples_other partition of {schema}.samples default;
create table {schema}.texts (
    tag integer not null, time timestamptz not null, text text,
    status bigint not null, seq bigint not null, source smallint not null
) partition by range (time);
create index texts_order on {schema}.texts (tag, time, seq desc);
create table {schema}.texts_other partition of {schema}.texts default;
"""
"""Statements that make them, parted by semicolons; with ``{schema}`` and ``{version}``."""

HELD = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition order by 1
"""
"""Tables and views of a schema; the days are not among them."""

PARTITIONS = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relispartition and c.relkind = 'r' order by 1
"""
"""Days of a schema, as tables ``samples_20260301`` and ``texts_20260301``."""

_OF_TABLE = """
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace where n.nspname = %s and t.relname = %s
"""
INDEX = f"select c.relname {_OF_TABLE}"
"""The index of a table, by schema and name."""

IS_SEALED = f"select 1 {_OF_TABLE} and i.indisclustered"
"""Whether a table was put in the order of its index."""
