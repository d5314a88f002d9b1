#!/bin/bash
# Every sample of the providers' pages, posted with curl, gives the row that a
# reader of that page would expect; and posted 50 times at once it gives 50
# times 200 and one row.
. "$(dirname -- "$0")/lib.sh"
run_start run

# The fixtures' own ids, replaced so that each case has its task.
old_ids='a6e0f3c2-52b4-4f7b-9c4b-1d9a3a0b7e11|task_01K9XQ7M3V5T8N2R4W6Y8Z0B1C|dff8afd3c1e94f0ab2d7a6e5f4c3b2a1|5f0c7a9be1d24c3f8a6b5d4e3f2a1b0c|45b392b22c3b449fa935bd4dc'

# send PROVIDER FILE: the callback as that provider would send it.
send()
{
	case $1 in
	wavespeed)	post_signed "$2" ;;
	apimart)	post "$(hook apimart)/callback" "$2" ;;
	*)		post "$(hook "$1")" "$2" ;;
	esac
}

# The fixtures are of 2025, so a time of today was counted from the receipt:
# it is shown as "receipt+SECONDS", rounded to ten.
shown="create function pg_temp.shown(t timestamptz, receipt timestamptz) returns text language sql as \$\$ select case when t is null then '-' when t < '2026-01-01' then to_char(t, 'YYYY-MM-DD\"T\"HH24:MI:SS') else 'receipt+' || round(extract(epoch from t - receipt) / 10) * 10 end \$\$; set timezone = 'UTC';"

task_row()
{
	sql "$shown select t.status, coalesce(t.model, '-'), coalesce(t.error_code, '-'), coalesce(t.error_message, '-'), t.is_test, pg_temp.shown(t.finished_at, d.received_at) from genhook.tasks t join genhook.deliveries d using (provider, task_id) where t.provider = '$1' and t.task_id = '$2'" | tail -n 1
}

# kind, status, where its expiry is from, expiry, link (without query) or text
output_rows()
{
	sql "$shown select string_agg(concat_ws(' ', o.kind, o.status, o.expires_source, pg_temp.shown(o.expires_at, d.received_at), coalesce(split_part(o.url, '?', 1), o.inline_text)), '; ' order by position) from genhook.outputs o join genhook.deliveries d using (provider, task_id) where o.provider = '$1' and o.task_id = '$2'" | tail -n 1
}

n=0
# Blocks of three lines: provider and fixture, the task's row, its outputs
# ("-" for none).
while read -r provider fixture && IFS= read -r task && IFS= read -r outputs; do
	n=$((n + 1))
	id=case-$n
	sed -E "s/\"(id|taskId|task_id)\":\"($old_ids)\"/\"\\1\":\"$id\"/" \
	    "$FIXTURES/$provider/$fixture.json" >"$WORK/case-$n"
	same "$provider $fixture: answer" '200 {"status":"accepted"}' "$(send "$provider" "$WORK/case-$n")"
	same "$provider $fixture: task" "$task" "$(task_row "$provider" "$id")"
	got=$(output_rows "$provider" "$id")
	same "$provider $fixture: outputs" "$outputs" "${got:--}"
done <<'CASES'
novita callback-images
succeeded|sd_xl_base_1.0.safetensors|-|-|f|2025-11-24T15:59:59
image pending url 2025-11-24T16:59:51 https://faas-output-image.s3.ap-southeast-1.amazonaws.com/prod/1e2c0f8a-1.jpeg; image pending field receipt+1800 https://faas.example.r2.dev/2.jpeg
novita callback-failed
failed|-|-|prompt was refused by the content filter|f|receipt+0
-
novita poll-all-kinds
succeeded|sd_xl_base_1.0.safetensors|-|-|f|2025-11-24T15:59:59
image pending field receipt+3600 https://pub.example.r2.dev/1.png; video pending field receipt+172800 https://pub.example.r2.dev/2.mp4; audio pending field receipt+604800 https://pub.example.r2.dev/3.wav
novita ttl-zero-tencent-url
succeeded|-|-|-|f|receipt+0
video pending url 2025-11-24T17:01:40 https://video-1309.cos.ap-shanghai.myqcloud.com/hailuo/7d31.mp4
novita ttl-zero-public-url
succeeded|-|-|-|f|receipt+0
image pending unknown - https://d2p7pge43lyniu.cloudfront.net/output/6a1d7f0e-1.png
novita png-in-videos
succeeded|-|-|-|f|receipt+0
image pending field receipt+3600 https://pub.example.r2.dev/replaced-1
novita test-mode
succeeded|-|-|-|t|receipt+0
image pending unknown - https://d2p7pge43lyniu.cloudfront.net/output/6a1d7f0e-1.png
apimart callback-completed
succeeded|-|-|-|f|2025-11-24T15:59:20
image pending field 2025-11-25T15:59:20 https://upload.apimart.ai/f/image/9d1f-1.png
apimart callback-failed
failed|-|-|the provider refused the prompt|f|2025-11-24T15:59:20
-
apimart failed-newer-form
failed|-|task_failed|task failed|f|2025-11-24T15:59:20
-
apimart error-code-int
failed|-|500|internal error|f|2025-11-24T15:59:20
-
apimart url-as-string
succeeded|-|-|-|f|2025-11-24T15:59:20
image pending field 2025-11-25T15:59:20 https://upload.apimart.ai/f/image/9d1f-1.png
apimart poll-wrapped
succeeded|-|-|-|f|2025-11-24T15:59:20
image pending field 2025-11-25T15:59:20 https://upload.apimart.ai/f/image/9d1f-1.png; video pending field 2025-11-25T15:59:20 https://upload.apimart.ai/f/video/9d1f-2.mp4; image pending provider 2025-11-25T15:59:20 https://upload.apimart.ai/f/image/thumb.jpg
apimart no-expires-at
succeeded|-|-|-|f|2025-11-24T15:59:20
image pending provider 2025-11-25T15:59:20 https://upload.apimart.ai/f/image/9d1f-1.png
apimart audios
succeeded|-|-|-|f|2025-11-24T15:59:20
audio pending field 2025-11-25T15:59:20 https://upload.apimart.ai/f/audio/9d1f.mp3
apimart cancelled
cancelled|-|-|-|f|2025-11-24T15:59:20
-
apixo callback-success
succeeded|-|-|-|f|2025-11-24T15:59:59
image pending provider 2025-11-25T15:59:59 https://file.apixo.ai/temp/2025/11/24/dff8-1.png
apixo callback-failed
failed|-|CONTENT_VIOLATION|The prompt is against the rules.|f|2025-11-24T15:59:52
-
apixo no-cost-time
succeeded|-|-|-|f|2025-11-24T15:59:59
image pending provider 2025-11-25T15:59:59 https://file.apixo.ai/temp/2025/11/24/dff8-1.png; video pending provider 2025-11-25T15:59:59 https://cdn.apixo.ai/2.mp4
wavespeed callback-vector
succeeded|wavespeed-ai/flux-dev|-|-|f|2025-09-25T09:12:54
image pending provider 2025-10-02T09:12:48 https://d2p7pge43lyniu.cloudfront.net/output/18058184-5df8-4d05-9e1b-7ad84c8b963e-u1_9bfd4537-e541-4ad0-a0f6-4812b11a37f1.jpeg
wavespeed callback-completed
succeeded|wavespeed-ai/flux-dev|-|-|f|2025-11-24T15:59:46
image pending provider 2025-12-01T15:59:40 https://d1q70pf5vjeyhc.cloudfront.net/predictions/5f0c/1.png
wavespeed callback-failed
failed|wavespeed-ai/flux-dev|1200|Content was flagged as sensitive.|f|receipt+0
-
wavespeed status-timeout
failed|wavespeed-ai/flux-dev|timeout|the task ran too long|f|2025-11-24T15:59:46
-
wavespeed status-deleted
cancelled|wavespeed-ai/flux-dev|-|-|f|2025-11-24T15:59:46
-
wavespeed outputs-object
succeeded|wavespeed-ai/flux-dev|-|-|f|2025-11-24T15:59:46
text inline unknown - Good morning, harbour.
wavespeed outputs-plain-text
succeeded|wavespeed-ai/flux-dev|-|-|f|2025-11-24T15:59:46
text inline unknown - Good morning, harbour.
wavespeed poll-wrapped
succeeded|wavespeed-ai/flux-dev|-|-|f|2025-11-24T15:59:46
image pending provider 2025-12-01T15:59:40 https://d1q70pf5vjeyhc.cloudfront.net/predictions/5f0c/1.png
CASES
same "every case ran" 27 "$n"

# --- 50 times the same, at once
storm()		# PROVIDER FILE
{
	local ts now=$WORK/storm.conf i
	ts=$(date +%s)
	for ((i = 0; i < 50; i++)); do
		printf 'url = "%s"
data-binary = "@%s"
header = "Content-Type: application/json"
output = "%s"
write-out = "%%{http_code}\\n"
' \
		    "$([ "$1" = apimart ] && echo "$(hook apimart)/callback" || hook "$1")" "$2" "$WORK/storm.$i"
		[ "$1" != wavespeed ] || printf 'header = "webhook-id: evt"
header = "webhook-timestamp: %s"
header = "webhook-signature: %s"
' "$ts" "$(sign evt "$ts" "$2")"
		echo next
	done | sed '$d' >"$now"
	curl -sS --noproxy '*' -m 10 --parallel --parallel-immediate --parallel-max 50 -K "$now" | sort | uniq -c | sed 's/^ *//'
}

for provider in novita apimart apixo wavespeed; do
	case $provider in
	novita)	fixture=callback-images ;;
	apixo)	fixture=callback-success ;;
	*)	fixture=callback-completed ;;
	esac
	sed -E "s/\"(id|taskId|task_id)\":\"($old_ids)\"/\"\\1\":\"storm\"/" \
	    "$FIXTURES/$provider/$fixture.json" >"$WORK/storm.json"
	same "$provider, 50 at once: the answers" '50 200' "$(storm $provider "$WORK/storm.json")"
	same "$provider, 50 at once: accepted once" '1 {"status":"accepted"} 49 {"status":"duplicate"}' \
	    "$(cat "$WORK"/storm.[0-9]* | sed 's/}{/}\n{/g' | sort | uniq -c | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//')"
	same "$provider, 50 at once: one row" '1|1|50' "$(sql "select (select count(*) from genhook.tasks where (provider, task_id) = ('$provider', 'storm')), (select count(distinct (task_id)) from genhook.outputs where (provider, task_id) = ('$provider', 'storm')), (select count(*) from genhook.deliveries where (provider, task_id) = ('$provider', 'storm'))")"
done
finish
