"""Storage commitment (PS3.4 Annex J, push model): requests are taken (`elements`, `asking`, `taking`) and kept on the
disk (`docket`); the receiver's first process carries them out (`carrying`): what was sent is read back (`judging`),
judged (`deciding`) and protected, and the site is told (`report`, `telling`)."""
