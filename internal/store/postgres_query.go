package store

// What several processes on one database have between them. None of it is in a file.
const (
	// Writes are serialisable. What reads only sees the state at one instant, and is never
	// made to wait or to run again.
	beginSnapshot     query = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	beginSerializable query = `BEGIN ISOLATION LEVEL SERIALIZABLE`
	// beginSettling waits for others and then sees what they have committed.
	beginSettling query = `BEGIN ISOLATION LEVEL READ COMMITTED`

	selectRevision query = `SELECT number FROM revision WHERE id = 1`
	updateRevision query = `UPDATE revision SET number = number + 1 WHERE id = 1`

	insertWriter query = `INSERT INTO writer (id, batch, seen) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	updateWriter query = `UPDATE writer SET batch = $1, seen = $2 WHERE id = $3`
	selectWriter query = `SELECT batch FROM writer WHERE id = $1`
	settleWriter query = `UPDATE writer SET seen = $1 WHERE id = $2`
	deleteWriter query = `DELETE FROM writer WHERE id = $1`
	sweepWriters query = `DELETE FROM writer WHERE seen < $1`

	takeCount query = `UPDATE counter SET next = next + $1 WHERE name = $2 RETURNING next`
	// skipCount is for a store whose rows have come from elsewhere with their numbers.
	skipCount query = `UPDATE counter SET next = $1 WHERE name = $2 AND next < $1`

	selectLease query = `SELECT holder, fence, beat FROM lease WHERE name = $1`
	insertLease query = `INSERT INTO lease (name, holder, fence, beat) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	takeLease   query = `UPDATE lease SET holder = $1, fence = fence + 1, beat = 0
		WHERE name = $2 AND fence = $3 AND beat = $4`
	beatLease query = `UPDATE lease SET beat = beat + 1 WHERE name = $1 AND fence = $2 AND holder = $3`
	dropLease query = `UPDATE lease SET holder = $1, beat = 0 WHERE name = $2 AND fence = $3 AND holder = $4`
)
