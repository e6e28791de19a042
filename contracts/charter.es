/**
 * CHARTER: committee, bounds and name. Everybody else reads it as a data input.
 *
 * Tokens     (0) charter NFT
 * R4 SigmaProp         the committee
 * R5 Coll[Long]        bounds: 0 longest line, 1 highest cap, 2 ERG floor of accounts, 3 admissions and 4 units issued
 *                      per period, 5 period (blocks), 6 change delay, 7 recovery delay, 8 recoveries per period,
 *                      9 most ERG of an admission's fee, 10.. default terms
 * R6 Coll[Coll[Byte]]  name, currency, decimals
 * R7 Coll[Coll[Long]]  0 the least and 1 the most that each bound may ever be
 * R8 SigmaProp, R9 Coll[Long]  an announced change, or absent: the new committee; 0 height, 1.. new bounds
 *
 * Always     B1 the charter is INPUTS(0), its successor OUTPUTS(0)   B2 same script   B3 same tokens   B4 R6 as it was
 *            B5 R7 as it was   B6 the successor was created less than 5,040 blocks ago
 * Refresh    by anybody, alone in INPUTS: R1 the box is older than 788,400 blocks   R2 nothing else changes
 *            R3 it loses at most 0.01 ERG
 * Otherwise  B7 ERG not less
 * Enact      by anybody, of an announced change: E1 the delay has passed since its height   E2 R4 and R5 become R8 and
 *            R9   E3 R8 and R9 vanish
 * Cancel     by the committee: R4 and R5 as they were, R8 and R9 vanish
 * Announce   N1 by the committee   N2 and the new committee, which so shows that it can sign   N3 R4 and R5 as they were
 *            N4 its height is not in the past, nor more than 5,040 blocks ahead
 *            N5 as many bounds as R7 has   N6 none below the least   N7 none above the most
 *            N8 it can pay the rent of its new size for one period (1,250,000 nanoErg a byte): a charter bloated past its
 *            ERG would be free to take, NFT and all
 */
{
  val next = OUTPUTS(0)
  val bounds = SELF.R5[Coll[Long]].get
  val hard = SELF.R7[Coll[Coll[Long]]].get
  val pending = SELF.R9[Coll[Long]]
  val same = next.R4[SigmaProp] == SELF.R4[SigmaProp] && next.R5[Coll[Long]] == SELF.R5[Coll[Long]]
  val cleared = !(next.R8[SigmaProp].isDefined)
  val kept = INPUTS(0).id == SELF.id &&
    next.propositionBytes == SELF.propositionBytes &&
    next.tokens == SELF.tokens &&
    next.R6[Coll[Coll[Byte]]] == SELF.R6[Coll[Coll[Byte]]] &&
    next.R7[Coll[Coll[Long]]] == SELF.R7[Coll[Coll[Long]]] &&
    next.creationInfo._1 + 5040 > HEIGHT

  if (INPUTS.size == 1 && SELF.creationInfo._1 + 788400 < HEIGHT) {
    sigmaProp(kept && same &&
      next.R8[SigmaProp] == SELF.R8[SigmaProp] && next.R9[Coll[Long]] == SELF.R9[Coll[Long]] &&
      next.value >= SELF.value - 10000000L)
  } else {
    val funded = kept && next.value >= SELF.value
    if (pending.isDefined && pending.get(0) <= HEIGHT - bounds(6) && cleared && !(same)) {
      sigmaProp(funded && next.R4[SigmaProp].get == SELF.R8[SigmaProp].get && next.R5[Coll[Long]].get == pending.get.slice(1, 99))
    } else {
      SELF.R4[SigmaProp].get && (
        if (cleared) sigmaProp(funded && same) else {
          val change = next.R9[Coll[Long]].get
          val proposed = change.slice(1, 99)
          next.R8[SigmaProp].get && sigmaProp(funded && same &&
            change(0) >= HEIGHT && change(0) <= HEIGHT + 5040 &&
            next.value > next.bytes.size * 1250000L &&
            proposed.size == hard(0).size &&
            proposed.zip(hard(0)).forall({(p: (Long, Long)) => p._1 >= p._2}) &&
            proposed.zip(hard(1)).forall({(p: (Long, Long)) => p._1 <= p._2}))
        }
      )
    }
  }
}
