column act_details.details bytea
column act_details.id bigint
column act_details.person text collate C
column act_details.salt bytea
column acts.act text collate C
column acts.action text collate C
column acts.actor text collate C
column acts.at bigint
column acts.id bigint identity ALWAYS
column acts.leaf_index bigint
column acts.object text collate C
column acts.ref bigint
column acts.request_id text collate C
column api_keys.created bigint
column api_keys.expires bigint
column api_keys.hash text collate C
column api_keys.id text collate C
column api_keys.name text collate C
column api_keys.previous text default ''::text collate C
column api_keys.previous_until bigint default 0
column api_keys.revoked bigint
column api_keys.scopes text
column approvals.act text collate C
column approvals.asked_at bigint
column approvals.asked_by text collate C
column approvals.campaign text collate C
column approvals.decided_at bigint
column approvals.decided_by text collate C
column approvals.digest text collate C
column approvals.expires bigint
column approvals.id text collate C
column approvals.note text
column approvals.object text
column approvals.request bytea
column approvals.state text collate C
column breakers.allowed bigint
column breakers.approved bigint
column breakers.approved_at bigint
column breakers.approved_by text collate C
column breakers.approved_until bigint
column breakers.campaign text collate C
column breakers.reason text
column breakers.recent bigint
column breakers.run text collate C
column breakers.tripped_at bigint
column breakers.would bigint
column campaigns.activated_at bigint
column campaigns.campaign text collate C
column campaigns.confirmed integer default 0
column campaigns.enrolled_to bigint
column campaigns.plan integer
column campaigns.ruled bigint default 0
column changes.at bigint
column changes.campaign text collate C
column changes.cause text default ''::text collate C
column changes.country text default ''::text collate C
column changes.from_stage integer default 0
column changes.kind text collate C
column changes.person text default ''::text collate C
column changes.plan integer default 0
column changes.ref bigint default 0
column changes.revision bigint
column changes.run text default ''::text collate C
column changes.seq bigint default 0
column changes.stage integer default 0
column chat_answers.id text collate C
column chat_answers.person text collate C
column chat_blocks.peer text collate C
column chat_blocks.person text collate C
column chat_boxes.handed bigint
column chat_boxes.newest bigint
column chat_boxes.person text collate C
column chat_boxes.waits bigint
column chat_calls.begun bigint
column chat_calls.callee text collate C
column chat_calls.caller text collate C
column chat_calls.id text collate C
column chat_calls.kind text collate C
column chat_calls.until bigint
column chat_copies.person text collate C
column chat_copies.place bigint
column chat_devices.device text collate C
column chat_devices.handed bigint
column chat_devices.person text collate C
column chat_members.admin boolean
column chat_members.chat bigint
column chat_members.gone boolean
column chat_members.newest bigint default '9223372036854775807'::bigint
column chat_members.oldest bigint default 0
column chat_members.peer text collate C
column chat_members.person text collate C
column chat_members.seen bigint
column chat_members.since bigint
column chat_messages.body text
column chat_messages.call text collate C
column chat_messages.chat bigint
column chat_messages.client_id text collate C
column chat_messages.id text collate C
column chat_messages.kind text collate C
column chat_messages.place bigint identity ALWAYS
column chat_messages.sender text collate C
column chat_messages.sent bigint
column chat_messages.whom text collate C
column chats.chat bigint identity ALWAYS
column chats.group_id text collate C
column chats.title text
column contacts.bounced bigint
column contacts.changed bigint
column contacts.channels text
column contacts.email text collate C
column contacts.language text default ''::text
column contacts.ref bigint
column contacts.silenced bigint
column contacts.soft integer
column contacts.zone text collate C
column counts.campaign text collate C
column counts.country text collate C
column counts.people bigint
column counts.stage integer
column counts.status text collate C
column days.campaign text collate C
column days.day text collate C
column days.people bigint
column days.tally text collate C
column deliveries.campaign text collate C
column deliveries.channel text collate C
column deliveries.claim text collate C
column deliveries.created bigint
column deliveries.kind text collate C
column deliveries.lease bigint
column deliveries.next_at bigint
column deliveries.notice text collate C
column deliveries.plan integer
column deliveries.reason text
column deliveries.ref bigint
column deliveries.said bigint
column deliveries.sent bigint
column deliveries.stage integer
column deliveries.state text collate C
column deliveries.tries integer
column delivery_counts.campaign text collate C
column delivery_counts.channel text collate C
column delivery_counts.number bigint
column delivery_counts.state text collate C
column enrollments.answered boolean
column enrollments.attributes text default ''::text collate C
column enrollments.bound boolean default false
column enrollments.campaign text collate C
column enrollments.country text collate C
column enrollments.created bigint
column enrollments.effect text collate C
column enrollments.entered bigint
column enrollments.excused boolean default false
column enrollments.exempt_until bigint default 0
column enrollments.extensions integer default 0
column enrollments.first_notice bigint
column enrollments.joined bigint
column enrollments.locale text collate C
column enrollments.next_at bigint
column enrollments.not_before bigint
column enrollments.noticed bigint
column enrollments.person text collate C
column enrollments.plan integer
column enrollments.ref bigint
column enrollments.seq bigint
column enrollments.snoozed_until bigint
column enrollments.snoozes integer
column enrollments.stage integer
column enrollments.status text collate C
column enrollments.told bigint
column enrollments.unreached boolean default false
column enrollments.warned bigint
column erasures.at bigint
column erasures.id text collate C
column erasures.leaf_index bigint
column erasures.ref bigint
column erasures.scrubbed bigint
column failures.at bigint
column failures.campaign text collate C
column failures.error text
column failures.ref bigint
column failures.tries integer
column holds.attributes text default ''::text collate C
column holds.campaign text collate C
column holds.clock text collate C
column holds.effect text collate C
column holds.ends bigint
column holds.id text collate C
column holds.message text default 'null'::text
column holds.person text collate C
column holds.placed_at bigint
column holds.placed_by text collate C
column holds.reason text
column holds.reference text
column holds.region text collate C
column holds.release_reason text default ''::text
column holds.released_by text collate C
column holds.reminders boolean default false
column holds.spread bigint default 0
column holds.starts bigint
column leases.expires bigint
column leases.fence bigint
column leases.holder text collate C
column leases.name text collate C
column log_entries.leaf_index bigint
column log_entries.record bytea
column log_head.checkpoint bytea
column log_head.one integer
column log_head.root bytea
column log_head.size bigint
column mailings.campaign text collate C
column mailings.ref bigint
column mailings.revision bigint
column notices.at bigint
column notices.campaign text collate C
column notices.channel text collate C
column notices.delivered boolean
column notices.id text collate C
column notices.kind text collate C
column notices.plan integer
column notices.presented boolean
column notices.ref bigint
column notices.stage integer
column pause.actor text collate C
column pause.at bigint
column pause.one integer
column pause.reason text
column pause.seen bigint default 0
column people.attributes text default ''::text collate C
column people.country text collate C
column people.created bigint
column people.id text collate C
column people.locale text collate C
column people.owner text default ''::text collate C
column people.ref bigint identity ALWAYS
column people.type text collate C
column person_keys.key bytea
column person_keys.ref bigint
column places.name text collate C
column places.revision bigint
column plans.activated_at bigint
column plans.actor text collate C
column plans.campaign text collate C
column plans.created bigint
column plans.number integer
column plans.plan_json text
column plans.source bytea
column points.behind bigint
column points.counts text
column points.heard bigint
column points.kind text
column points.name text collate C
column points.on_silence text
column points.revision bigint
column points.since bigint
column response_details.details bytea
column response_details.leaf_index bigint
column response_details.person text collate C
column response_details.salt bytea
column responses.action text collate C
column responses.campaign text collate C
column responses.checkpoint bytea
column responses.documents text
column responses.effect text collate C
column responses.fingerprint text collate C
column responses.idempotency_key text collate C
column responses.leaf_index bigint
column responses.plan integer
column responses.receipt_id text collate C
column responses.recorded_at bigint
column responses.ref bigint
column restrictions.campaign text collate C
column restrictions.hour bigint
column restrictions.people bigint
column reversals.at bigint
column reversals.campaign text collate C
column reversals.counts text
column reversals.id text collate C
column reversals.made_by text collate C
column reversals.reason text
column reversals.reference text
column reversals.region text collate C
column reversals.reminders text collate C
column reversals.stage text collate C
column reversals.undo_counts text
column reversals.undo_reason text
column reversals.undo_until bigint
column reversals.undone bigint
column reversals.undone_by text collate C
column revision.one integer
column revision.value bigint
column runs.error text
column runs.examined integer
column runs.failed integer
column runs.finished bigint
column runs.held integer
column runs.id text collate C
column runs.job text collate C
column runs.moved integer
column runs.planned bigint
column runs.started bigint
column runs.stopped integer default 0
column runs.told integer
column runs.waiting integer
column schema_migrations.checksum text
column schema_migrations.name text
column schema_migrations.version integer
column signed_out.at bigint
column signed_out.ref bigint
column snapshots.html bytea
column snapshots.sha256 text collate C
column snapshots.stored bigint
column spent.expires bigint
column spent.id text collate C
column staff.created bigint
column staff.email text default ''::text collate C
column staff.issuer text default ''::text collate C
column staff.name text collate C
column staff.password text
column staff.role text default 'editor'::text collate C
column staff.subject text default ''::text collate C
column texts.document text collate C
column texts.locale text collate C
column texts.markdown bytea
column texts.sha256 text collate C
column texts.summary text
column texts.version text collate C
column tiles.data bytea
column tiles.path text collate C
column versions.document text collate C
column versions.effective_at bigint
column versions.material boolean
column versions.published bigint
column versions.title text
column versions.version text collate C
column webhook_letters.dead bigint
column webhook_letters.lane bigint
column webhook_letters.next_at bigint
column webhook_letters.revision bigint
column webhook_letters.said text
column webhook_letters.tries integer
column webhook_letters.webhook text collate C
column webhooks.created bigint
column webhooks.description text
column webhooks.disabled bigint
column webhooks.failing integer
column webhooks.id text collate C
column webhooks.kinds text
column webhooks.place bigint
column webhooks.said text
column webhooks.secrets text
column webhooks.url text
column webhooks.why text
constraint act_details FOREIGN KEY (id) REFERENCES acts(id)
constraint act_details PRIMARY KEY (id)
constraint acts PRIMARY KEY (id)
constraint api_keys PRIMARY KEY (id)
constraint api_keys UNIQUE (hash)
constraint approvals PRIMARY KEY (id)
constraint breakers FOREIGN KEY (campaign) REFERENCES campaigns(campaign)
constraint breakers PRIMARY KEY (campaign)
constraint campaigns PRIMARY KEY (campaign)
constraint changes PRIMARY KEY (revision)
constraint chat_answers PRIMARY KEY (person, id)
constraint chat_blocks PRIMARY KEY (person, peer)
constraint chat_boxes PRIMARY KEY (person)
constraint chat_calls PRIMARY KEY (id)
constraint chat_copies PRIMARY KEY (place, person)
constraint chat_devices PRIMARY KEY (person, device)
constraint chat_members PRIMARY KEY (person, chat)
constraint chat_messages PRIMARY KEY (place)
constraint chat_messages UNIQUE (id)
constraint chats PRIMARY KEY (chat)
constraint contacts PRIMARY KEY (ref)
constraint counts PRIMARY KEY (campaign, country, status, stage)
constraint days PRIMARY KEY (campaign, day, tally)
constraint deliveries PRIMARY KEY (notice, channel)
constraint delivery_counts PRIMARY KEY (channel, campaign, state)
constraint enrollments PRIMARY KEY (campaign, ref)
constraint erasures PRIMARY KEY (id)
constraint failures PRIMARY KEY (campaign, ref)
constraint holds FOREIGN KEY (campaign) REFERENCES campaigns(campaign)
constraint holds PRIMARY KEY (campaign, id)
constraint leases PRIMARY KEY (name)
constraint log_entries PRIMARY KEY (leaf_index)
constraint log_head CHECK ((one = 1))
constraint log_head PRIMARY KEY (one)
constraint mailings PRIMARY KEY (campaign)
constraint notices PRIMARY KEY (ref, id)
constraint pause CHECK ((one = 1))
constraint pause PRIMARY KEY (one)
constraint people PRIMARY KEY (ref)
constraint people UNIQUE (id)
constraint person_keys PRIMARY KEY (ref)
constraint places PRIMARY KEY (name)
constraint plans FOREIGN KEY (campaign) REFERENCES campaigns(campaign)
constraint plans PRIMARY KEY (campaign, number)
constraint points PRIMARY KEY (name)
constraint response_details FOREIGN KEY (leaf_index) REFERENCES responses(leaf_index)
constraint response_details PRIMARY KEY (leaf_index)
constraint responses PRIMARY KEY (leaf_index)
constraint responses UNIQUE (receipt_id)
constraint responses UNIQUE (ref, idempotency_key)
constraint restrictions PRIMARY KEY (campaign, hour)
constraint reversals FOREIGN KEY (campaign) REFERENCES campaigns(campaign)
constraint reversals PRIMARY KEY (campaign, id)
constraint revision CHECK ((one = 1))
constraint revision PRIMARY KEY (one)
constraint runs PRIMARY KEY (id)
constraint schema_migrations PRIMARY KEY (version)
constraint signed_out PRIMARY KEY (ref)
constraint snapshots PRIMARY KEY (sha256)
constraint spent PRIMARY KEY (id)
constraint staff PRIMARY KEY (name)
constraint texts FOREIGN KEY (document, version) REFERENCES versions(document, version)
constraint texts PRIMARY KEY (document, version, locale)
constraint tiles PRIMARY KEY (path)
constraint versions PRIMARY KEY (document, version)
constraint webhook_letters FOREIGN KEY (webhook) REFERENCES webhooks(id) ON DELETE CASCADE
constraint webhook_letters PRIMARY KEY (webhook, revision)
constraint webhooks PRIMARY KEY (id)
CREATE INDEX act_details_about ON public.act_details USING btree (person) WHERE (person <> ''::text)
CREATE INDEX acts_about ON public.acts USING btree (ref) WHERE (ref <> 0)
CREATE INDEX api_keys_previous ON public.api_keys USING btree (previous) WHERE (previous <> ''::text)
CREATE INDEX approvals_newest ON public.approvals USING btree (asked_at, id)
CREATE INDEX changes_moves ON public.changes USING btree (campaign, revision) WHERE (cause <> ''::text)
CREATE INDEX changes_named ON public.changes USING btree (at) WHERE (person <> ''::text)
CREATE INDEX chat_boxes_waiting ON public.chat_boxes USING btree (waits) WHERE (waits <> 0)
CREATE INDEX chat_members_of ON public.chat_members USING btree (chat)
CREATE INDEX chat_messages_in ON public.chat_messages USING btree (chat, place)
CREATE INDEX contacts_by_email ON public.contacts USING btree (email) WHERE (email <> ''::text)
CREATE INDEX deliveries_claimed ON public.deliveries USING btree (lease) WHERE (lease <> 0)
CREATE INDEX deliveries_due ON public.deliveries USING btree (state, next_at, notice) WHERE (next_at <> 0)
CREATE INDEX deliveries_of ON public.deliveries USING btree (ref, created)
CREATE INDEX deliveries_sent ON public.deliveries USING btree (ref, sent) WHERE (sent <> 0)
CREATE INDEX deliveries_troubled ON public.deliveries USING btree (created, notice) WHERE (state = ANY (ARRAY['dead'::text, 'uncertain'::text, 'bounced'::text]))
CREATE INDEX enrollments_due ON public.enrollments USING btree (campaign, next_at, ref) WHERE (next_at <> 0)
CREATE INDEX enrollments_unreached ON public.enrollments USING btree (campaign, ref) WHERE unreached
CREATE INDEX people_owned ON public.people USING btree (owner) WHERE (owner <> ''::text)
CREATE INDEX response_details_about ON public.response_details USING btree (person)
CREATE INDEX runs_newest ON public.runs USING btree (started, id)
CREATE INDEX spent_expires ON public.spent USING btree (expires)
CREATE UNIQUE INDEX act_details_pkey ON public.act_details USING btree (id)
CREATE UNIQUE INDEX acts_names ON public.acts USING btree (act) WHERE (act <> ''::text)
CREATE UNIQUE INDEX acts_pkey ON public.acts USING btree (id)
CREATE UNIQUE INDEX api_keys_hash_key ON public.api_keys USING btree (hash)
CREATE UNIQUE INDEX api_keys_pkey ON public.api_keys USING btree (id)
CREATE UNIQUE INDEX approvals_pkey ON public.approvals USING btree (id)
CREATE UNIQUE INDEX breakers_pkey ON public.breakers USING btree (campaign)
CREATE UNIQUE INDEX campaigns_pkey ON public.campaigns USING btree (campaign)
CREATE UNIQUE INDEX changes_pkey ON public.changes USING btree (revision)
CREATE UNIQUE INDEX changes_steps ON public.changes USING btree (ref, campaign, seq) WHERE (ref <> 0)
CREATE UNIQUE INDEX chat_answers_pkey ON public.chat_answers USING btree (person, id)
CREATE UNIQUE INDEX chat_blocks_pkey ON public.chat_blocks USING btree (person, peer)
CREATE UNIQUE INDEX chat_boxes_pkey ON public.chat_boxes USING btree (person)
CREATE UNIQUE INDEX chat_calls_pkey ON public.chat_calls USING btree (id)
CREATE UNIQUE INDEX chat_copies_pkey ON public.chat_copies USING btree (place, person)
CREATE UNIQUE INDEX chat_devices_pkey ON public.chat_devices USING btree (person, device)
CREATE UNIQUE INDEX chat_members_pkey ON public.chat_members USING btree (person, chat)
CREATE UNIQUE INDEX chat_members_with ON public.chat_members USING btree (person, peer) WHERE (peer <> ''::text)
CREATE UNIQUE INDEX chat_messages_id_key ON public.chat_messages USING btree (id)
CREATE UNIQUE INDEX chat_messages_pkey ON public.chat_messages USING btree (place)
CREATE UNIQUE INDEX chat_messages_sent ON public.chat_messages USING btree (sender, client_id) WHERE (client_id <> ''::text)
CREATE UNIQUE INDEX chats_by_group ON public.chats USING btree (group_id) WHERE (group_id <> ''::text)
CREATE UNIQUE INDEX chats_pkey ON public.chats USING btree (chat)
CREATE UNIQUE INDEX contacts_pkey ON public.contacts USING btree (ref)
CREATE UNIQUE INDEX counts_pkey ON public.counts USING btree (campaign, country, status, stage)
CREATE UNIQUE INDEX days_pkey ON public.days USING btree (campaign, day, tally)
CREATE UNIQUE INDEX deliveries_pkey ON public.deliveries USING btree (notice, channel)
CREATE UNIQUE INDEX delivery_counts_pkey ON public.delivery_counts USING btree (channel, campaign, state)
CREATE UNIQUE INDEX enrollments_pkey ON public.enrollments USING btree (campaign, ref)
CREATE UNIQUE INDEX erasures_pkey ON public.erasures USING btree (id)
CREATE UNIQUE INDEX failures_pkey ON public.failures USING btree (campaign, ref)
CREATE UNIQUE INDEX holds_pkey ON public.holds USING btree (campaign, id)
CREATE UNIQUE INDEX leases_pkey ON public.leases USING btree (name)
CREATE UNIQUE INDEX log_entries_pkey ON public.log_entries USING btree (leaf_index)
CREATE UNIQUE INDEX log_head_pkey ON public.log_head USING btree (one)
CREATE UNIQUE INDEX mailings_pkey ON public.mailings USING btree (campaign)
CREATE UNIQUE INDEX notices_pkey ON public.notices USING btree (ref, id)
CREATE UNIQUE INDEX pause_pkey ON public.pause USING btree (one)
CREATE UNIQUE INDEX people_id_key ON public.people USING btree (id)
CREATE UNIQUE INDEX people_pkey ON public.people USING btree (ref)
CREATE UNIQUE INDEX person_keys_pkey ON public.person_keys USING btree (ref)
CREATE UNIQUE INDEX places_pkey ON public.places USING btree (name)
CREATE UNIQUE INDEX plans_pkey ON public.plans USING btree (campaign, number)
CREATE UNIQUE INDEX points_pkey ON public.points USING btree (name)
CREATE UNIQUE INDEX response_details_pkey ON public.response_details USING btree (leaf_index)
CREATE UNIQUE INDEX responses_pkey ON public.responses USING btree (leaf_index)
CREATE UNIQUE INDEX responses_receipt_id_key ON public.responses USING btree (receipt_id)
CREATE UNIQUE INDEX responses_ref_idempotency_key_key ON public.responses USING btree (ref, idempotency_key)
CREATE UNIQUE INDEX restrictions_pkey ON public.restrictions USING btree (campaign, hour)
CREATE UNIQUE INDEX reversals_pkey ON public.reversals USING btree (campaign, id)
CREATE UNIQUE INDEX revision_pkey ON public.revision USING btree (one)
CREATE UNIQUE INDEX runs_pkey ON public.runs USING btree (id)
CREATE UNIQUE INDEX schema_migrations_pkey ON public.schema_migrations USING btree (version)
CREATE UNIQUE INDEX signed_out_pkey ON public.signed_out USING btree (ref)
CREATE UNIQUE INDEX snapshots_pkey ON public.snapshots USING btree (sha256)
CREATE UNIQUE INDEX spent_pkey ON public.spent USING btree (id)
CREATE UNIQUE INDEX staff_email ON public.staff USING btree (email) WHERE (email <> ''::text)
CREATE UNIQUE INDEX staff_pkey ON public.staff USING btree (name)
CREATE UNIQUE INDEX staff_subject ON public.staff USING btree (issuer, subject) WHERE (subject <> ''::text)
CREATE UNIQUE INDEX texts_pkey ON public.texts USING btree (document, version, locale)
CREATE UNIQUE INDEX tiles_pkey ON public.tiles USING btree (path)
CREATE UNIQUE INDEX versions_pkey ON public.versions USING btree (document, version)
CREATE UNIQUE INDEX webhook_letters_pkey ON public.webhook_letters USING btree (webhook, revision)
CREATE UNIQUE INDEX webhooks_pkey ON public.webhooks USING btree (id)
CREATE TRIGGER acts_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.acts FOR EACH STATEMENT EXECUTE FUNCTION refuse('acts is append-only')
CREATE TRIGGER approvals_decide_once BEFORE UPDATE OF state, decided_by, decided_at ON public.approvals FOR EACH ROW WHEN (((old.state <> 'open'::text) OR (new.state = 'open'::text))) EXECUTE FUNCTION refuse('an approval can only be decided, once')
CREATE TRIGGER approvals_erase_only BEFORE UPDATE OF request ON public.approvals FOR EACH ROW WHEN (((new.request <> '\x7b7d'::bytea) OR (new.note <> ''::text))) EXECUTE FUNCTION refuse('what was asked for cannot be changed')
CREATE TRIGGER approvals_no_delete BEFORE DELETE OR TRUNCATE ON public.approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse('an approval cannot be deleted')
CREATE TRIGGER approvals_no_update BEFORE UPDATE OF id, campaign, act, object, digest, asked_by, asked_at, expires ON public.approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse('what was asked for cannot be changed')
CREATE TRIGGER approvals_note_once BEFORE UPDATE OF note ON public.approvals FOR EACH ROW WHEN (((new.note <> ''::text) AND ((old.state <> 'open'::text) OR (new.state = 'open'::text)))) EXECUTE FUNCTION refuse('an approval can only be decided, once')
CREATE TRIGGER changes_erase_only BEFORE UPDATE ON public.changes FOR EACH ROW WHEN (((old.kind <> 'removed'::text) OR (new.person <> ''::text))) EXECUTE FUNCTION refuse('changes is append-only')
CREATE TRIGGER changes_no_delete BEFORE DELETE OR TRUNCATE ON public.changes FOR EACH STATEMENT EXECUTE FUNCTION refuse('changes is append-only')
CREATE TRIGGER changes_no_update BEFORE UPDATE OF revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run ON public.changes FOR EACH STATEMENT EXECUTE FUNCTION refuse('changes is append-only')
CREATE TRIGGER log_entries_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.log_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse('log_entries is append-only')
CREATE TRIGGER notices_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.notices FOR EACH STATEMENT EXECUTE FUNCTION refuse('notices is append-only')
CREATE TRIGGER plans_no_delete BEFORE DELETE OR TRUNCATE ON public.plans FOR EACH STATEMENT EXECUTE FUNCTION refuse('a plan cannot be deleted')
CREATE TRIGGER plans_no_update BEFORE UPDATE OF campaign, number, plan_json, source, created, actor ON public.plans FOR EACH STATEMENT EXECUTE FUNCTION refuse('a plan cannot be changed')
CREATE TRIGGER responses_erase_only BEFORE UPDATE ON public.responses FOR EACH ROW WHEN ((new.idempotency_key <> ('erased:'::text || old.leaf_index))) EXECUTE FUNCTION refuse('responses is append-only')
CREATE TRIGGER responses_no_delete BEFORE DELETE OR TRUNCATE ON public.responses FOR EACH STATEMENT EXECUTE FUNCTION refuse('responses is append-only')
CREATE TRIGGER responses_no_update BEFORE UPDATE OF leaf_index, receipt_id, ref, campaign, plan, action, documents, effect, fingerprint, recorded_at, checkpoint ON public.responses FOR EACH STATEMENT EXECUTE FUNCTION refuse('responses is append-only')
CREATE TRIGGER reversals_no_delete BEFORE DELETE OR TRUNCATE ON public.reversals FOR EACH STATEMENT EXECUTE FUNCTION refuse('a reversal cannot be deleted')
CREATE TRIGGER reversals_no_update BEFORE UPDATE OF campaign, id, region, stage, reminders, reason, reference, at, undo_until, made_by, counts ON public.reversals FOR EACH STATEMENT EXECUTE FUNCTION refuse('a reversal cannot be changed')
CREATE TRIGGER reversals_undo_once BEFORE UPDATE ON public.reversals FOR EACH ROW WHEN (((old.undone <> 0) OR (new.undone = 0))) EXECUTE FUNCTION refuse('a reversal can only be undone, once')
CREATE TRIGGER runs_no_delete BEFORE DELETE OR TRUNCATE ON public.runs FOR EACH STATEMENT EXECUTE FUNCTION refuse('runs is append-only')
CREATE TRIGGER runs_no_update BEFORE UPDATE ON public.runs FOR EACH ROW WHEN (((old.finished <> 0) OR (new.finished = 0) OR ((new.id <> old.id) OR (new.job <> old.job) OR (new.planned <> old.planned) OR (new.started <> old.started)))) EXECUTE FUNCTION refuse('a run can only be finished, once')
CREATE TRIGGER texts_fixed BEFORE INSERT OR DELETE OR UPDATE ON public.texts FOR EACH ROW EXECUTE FUNCTION refuse_published()
CREATE TRIGGER texts_no_truncate BEFORE TRUNCATE ON public.texts FOR EACH STATEMENT EXECUTE FUNCTION refuse('a text of a published version cannot be deleted')
CREATE TRIGGER versions_no_delete BEFORE DELETE ON public.versions FOR EACH ROW WHEN ((old.published <> 0)) EXECUTE FUNCTION refuse('a published version cannot be deleted')
CREATE TRIGGER versions_no_truncate BEFORE TRUNCATE ON public.versions FOR EACH STATEMENT EXECUTE FUNCTION refuse('a published version cannot be deleted')
CREATE TRIGGER versions_no_update BEFORE UPDATE ON public.versions FOR EACH ROW WHEN ((old.published <> 0)) EXECUTE FUNCTION refuse('a published version cannot be changed')
CREATE OR REPLACE FUNCTION public.refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $function$

CREATE OR REPLACE FUNCTION public.refuse_published()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF EXISTS (SELECT 1 FROM versions v WHERE v.published <> 0
      AND (v.document, v.version) IN ((OLD.document, OLD.version), (NEW.document, NEW.version))) THEN
    RAISE EXCEPTION 'a text of a published version cannot be added, changed or deleted'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $function$

