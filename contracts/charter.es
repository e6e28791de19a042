/**
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
    if (pending.isDefined && pending.get(0) + bounds(6) <= HEIGHT && cleared && !(same)) {
      sigmaProp(funded && next.R4[SigmaProp].get == SELF.R8[SigmaProp].get && next.R5[Coll[Long]].get == pending.get.slice(1, 99))
    } else {
      SELF.R4[SigmaProp].get && (
        if (cleared) sigmaProp(funded && same) else {
          val change = next.R9[Coll[Long]].get
          val proposed = change.slice(1, 99)
          next.R8[SigmaProp].get && sigmaProp(funded && same &&
            change(0) >= HEIGHT &&
            proposed.size == hard(0).size &&
            proposed.zip(hard(0)).forall({(p: (Long, Long)) => p._1 >= p._2}) &&
            proposed.zip(hard(1)).forall({(p: (Long, Long)) => p._1 <= p._2}))
        }
      )
    }
  }
}
