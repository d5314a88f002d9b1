# What bench/database and bench/run share: the least that the rows of callbacks can
# cost the database, a COPY BINARY of the same rows.  $WORK and sql() are theirs.
# shellcheck shell=bash

# The rows of the last turn, as COPY wants them: a file for each table and batch.
copy_files()	# COUNT BATCH
{
	local table from

	for ((from = 0; from < $1; from += $2)); do
		for table in tasks outputs deliveries; do
			echo "\\copy (select * from genhook.$table order by $(
			    [ "$table" = deliveries ] && echo received_at, id ||
			    echo provider, task_id) offset $from limit $2) to '$WORK/$table.$from' binary"
		done
	done | sql -o /dev/null
}

# As rows does: the first tenth makes plans and is not counted.
copy_statements()	# COUNT BATCH
{
	local from warm=$(($1 / $2 / 10 * $2 + 20 * $2))

	# shellcheck disable=SC2016 # psql's shell has it
	local look='\! cut -d " " -f 1 "/proc/$BACKEND/schedstat"'

	echo 'select pg_backend_pid() as pid \gset'
	echo '\setenv BACKEND :pid'
	for ((from = 0; from < $1; from += $2)); do
		[ "$from" -ne "$warm" ] || echo "$look"
		echo 'begin;'
		for table in tasks outputs deliveries; do
			echo "\\copy genhook.$table from '$WORK/$table.$from' binary"
		done
		echo 'commit;'
	done
	echo "$look"
	echo "\\echo $(($1 - warm))"
}

copy()	# COUNT BATCH
{
	copy_statements "$@" | sql |
	    awk '{ n[NR] = $1 } END { printf "%.1f\n", (n[2] - n[1]) / 1e3 / n[3] }'
}
