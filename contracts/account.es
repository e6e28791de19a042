/**
 * @param POT_NFT token id of the pot's NFT
 * @param UNIT token id of the credit unit
 * @param NOTE_HASH blake2b256 of the note script
 */
{
  val index = CONTEXT.selfBoxIndex
  val mark = {(b: Box) => b.tokens.getOrElse(0, SELF.tokens(1))}
  val first = INPUTS(0)
  val leader = mark(first)
  val fresh = first.creationInfo._1 + 1051200 > HEIGHT
  if (index == 1 && fresh && leader._1 == POT_NFT) sigmaProp(true) else {
    val next = OUTPUTS(index)
    val script = SELF.propositionBytes
    val terms = SELF.R4[Coll[Long]].get
    val own = SELF.R6[Coll[Long]].get
    val total = {(boxes: Coll[Box]) =>
      boxes.flatMap({(b: Box) => b.tokens}).fold(0L, {(s: Long, t: (Coll[Byte], Long)) => if (t._1 == UNIT) s + t._2 else s})
    }
    val units = total(Coll(next))
    val gain = units - total(Coll(SELF))
    val balance = units - terms(0)
    val before = balance - gain
    val drawn = min(before, 0L) - min(balance, 0L)
    val limit = if (drawn > 0L) terms.slice(9, 99) else Coll[Long]()

    val peer = {(b: Box) => mark(b) == SELF.tokens(0) && b.propositionBytes == script}
    val kept = peer(next) && next.tokens(1) == SELF.tokens(1) &&
      next.tokens.size < 4 &&
      next.R4[Coll[Long]] == SELF.R4[Coll[Long]] &&
      next.R7[Coll[Byte]] == SELF.R7[Coll[Byte]] &&
      !(next.R8[Long].isDefined) &&
      (gain <= 0L || balance <= terms(2)) &&
      ((index > 0 && fresh && limit.size == 0 && peer(first)) || (
        OUTPUTS.forall({(o: Box) => o.creationInfo._1 + 5040 > HEIGHT}) &&
        total(INPUTS) == total(OUTPUTS.filter({(o: Box) =>
          mark(o)._1 == POT_NFT ||
          (peer(o) &&
            (limit.size == 0 || o.tokens(1) == SELF.tokens(1) || limit.exists({(c: Long) => c == o.R4[Coll[Long]].get(8)}))) ||
          (o.tokens.size == 1 && blake2b256(o.propositionBytes) == NOTE_HASH && o.R4[SigmaProp].isDefined &&
            o.R5[Coll[Byte]].get.slice(0, 64) == SELF.tokens(1)._1 ++ blake2b256(script) &&
            o.R6[Coll[Long]].get.slice(1, 99) == limit)
        }))
      ))

    if (index > 0 &&
      next.value >= SELF.value &&
      next.R5[Coll[SigmaProp]] == SELF.R5[Coll[SigmaProp]] &&
      next.R6[Coll[Long]] == SELF.R6[Coll[Long]] &&
      (if (gain > 0L) (gain >= own(0) || balance == 0L)
       else (gain == 0L && SELF.creationInfo._1 + 788400 < HEIGHT))
    ) sigmaProp(kept) else {
      val after = next.R6[Coll[Long]].get
      val stamp = after(1)
      val link = SELF.R7[Coll[Byte]].get
      val rules = next.value >= min(terms(3), SELF.value) &&
        next.R5[Coll[SigmaProp]].get.size == 1 &&
        own(1) <= stamp && stamp <= HEIGHT &&
        after(2) >= max(0L, own(2) - terms(7) * (stamp - own(1)) / 1000L) + drawn &&
        after(3) == (if (before < 0L) own(3) else stamp) &&
        (drawn <= 0L || (
          balance + terms(1) >= 0L &&
          Coll(drawn, after(2), HEIGHT - after(3)).zip(terms.slice(4, 7)).forall({(p: (Long, Long)) => p._2 == 0L || p._1 <= p._2})
        ))
      sigmaProp(kept && rules) && (
        if (link.size == 0) SELF.R5[Coll[SigmaProp]].get(0) else {
          if (link.size == 32) {
            val box = CONTEXT.dataInputs(0)
            box.R4[SigmaProp].get && sigmaProp(mark(box)._1 == link)
          } else sigmaProp(fresh && leader._1 == link.slice(1, 33))
        })
    }
  }
}
