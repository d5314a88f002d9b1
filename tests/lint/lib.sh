# What the scripts of this folder share; they run from the repository's root.

# The files under version control, or about to be, that match the patterns.
files()		# PATTERN...
{
	git ls-files --cached --others --exclude-standard -- "$@" |
	while read -r name; do
		[ ! -f "$name" ] || printf '%s\n' "$name"
	done | sort -u
}

# Prints what comes in, and fails when there is any.
findings()
{
	! grep '.'
}
