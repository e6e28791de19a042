/**
 * ACCOUNT: what one member owns or owes.
 *
 * Tokens     (0) membership token, 1    (1) account token, 1: the account's number    (2) units, absent at 0
 * R4 Coll[Long]       terms, set by the pot: 0 issued, 1 line, 2 cap, 3 ERG floor, 4 largest draw, 5 draw limit,
 *                     6 longest debt (blocks), 7 draw rate (units per 1,000 blocks), 8 class, 9.. classes to spend on.
 *                     Of 4, 5 and 6 a 0 is no rule; no class in 9.. is no rule.
 * R5 Coll[SigmaProp]  0 the owner's key, 1 an heir's while a recovery is pending
 * R6 Coll[Long]       the owner's: 0 smallest direct payment, 1 stamp, 2 credit used, 3 in debt since, (4) recovery
 * R7 Coll[Byte]       who else may act, fixed at opening: empty nobody; 32 bytes: the key is R4 of the data input 0
 *                     that holds this token; 33 bytes: the contract whose box, with the token in bytes 1.., is INPUTS(0), or beside a
 *                     pot where its script says
 * Balance = units - issued. Credit drawn = min(old balance, 0) - min(new balance, 0), or 0 if less.
 *
 * POT PATH   P1 the account is INPUTS(1)
 *            P2 INPUTS(0) is the pot   P3 and fresh: younger than a storage period, so that its script runs
 *            Nothing else is asked: the pot decides (pot.es).
 * TRADE PATH, everything else. The successor is the output of the account's own index.
 *   Always   K1 same script   K2 same membership token and amount   K3 same account token and amount
 *            K4 at most 3 tokens   K5 R4 as it was   K6 R7 as it was   K7 no R8 (and so no R9)
 *            K8 who gains stays at or below his cap
 *   Conserved, by the leader (the account at INPUTS(0)) or by this account itself:
 *            C1 the leader does it, if this account is another, and the leader fresh, of this script and this LETS, and
 *               no classes limit this account now; otherwise
 *            C2 every output was created less than 5,040 blocks ago: nobody can prepare an old box
 *            C3 units of all inputs = units of the outputs that are the pot, accounts of this LETS, or notes:
 *            C4 the pot: its NFT first
 *            C5 an account: the membership token first (amount 1), and this script
 *            C6 a note: one token, the note's script, R4 a SigmaProp, R5 = this account's number ++ this script's hash
 *               ++ the payee's number or nothing, R6 = expiry ++ the classes that limit this account now, all above 0:
 *               one below is a mark of open_pot.es, under which no credit is drawn
 *   Unsigned U1 it is not the leader   U2 ERG not less   U3 R5 as it was   U4 R6 as it was
 *            U5 units gained: at least the smallest direct payment, or a debt brought to exactly 0
 *            U6 or units unchanged, and the box older than 788,400 blocks (anybody may refresh it)
 *   Signed   S1 the owner's proof: his key, the followed box's key, or the controlling contract's presence (R7)
 *            S2 ERG not below min(floor, what it was)   S3 one key in R5: a pending recovery is refused
 *            S4 the stamp does not go back   S5 nor past HEIGHT   S8 the box stays below 1,600 bytes: a larger one would
 *               outgrow its rent
 *            S6 credit used >= max(0, credit used - rate * blocks passed / 1,000) + credit drawn
 *            S7 in debt since: as it was while in debt, else the stamp
 *     and, if credit is drawn:
 *            D1 balance >= -line   D2 drawn <= largest draw   D3 credit used <= draw limit
 *            D4 HEIGHT - in debt since <= longest debt
 *   The classes to spend on limit an account that is in debt after the transaction, if it loses units or leads (a leader
 *   could pass on a note's units that it drew before):
 *            D5 units go to accounts of these classes (or back to this one), or into notes that carry them
 *
 * Settings are the owner's own risk: numbers in R6 that overflow, or a key that nobody has, block him alone, and the pot
 * can still set his terms or hand the account to an heir.
 *
 * @param POT_NFT token id of the pot's NFT
 * @param UNIT token id of the credit unit
 * @param NOTE_HASH blake2b256 of the note script
 */
{
  val index = CONTEXT.selfBoxIndex
  val mark = {(b: Box) => b.tokens.getOrElse(0, (SELF.id, 0L))}
  val first = INPUTS(0)
  val leader = mark(first)
  val fresh = first.creationInfo._1 + 1051200 > HEIGHT
  if (leader._1 == POT_NFT && fresh && index == 1) sigmaProp(true) else {
    val next = OUTPUTS(index)
    val script = SELF.propositionBytes
    val terms = SELF.R4[Coll[Long]].get
    val own = SELF.R6[Coll[Long]].get
    val after = next.R6[Coll[Long]].get
    val link = SELF.R7[Coll[Byte]].get
    val total = {(boxes: Coll[Box]) =>
      boxes.flatMap({(b: Box) => b.tokens}).fold(0L, {(s: Long, t: (Coll[Byte], Long)) => s + (if (t._1 == UNIT) t._2 else 0L)})
    }
    val units = total(Coll(next))
    val gain = units - total(Coll(SELF))
    val balance = units - terms(0)
    val before = balance - gain
    val drawn = max(0L, min(before, 0L) - min(balance, 0L))
    val limit = if (balance < 0L && (index == 0 || gain < 0L)) terms.slice(9, 63) else Coll[Long]()

    val peer = {(b: Box) => mark(b) == SELF.tokens(0) && b.propositionBytes == script}
    val kept = peer(next) && next.tokens(1) == SELF.tokens(1) &&
      next.tokens.size < 4 &&
      next.R4[Coll[Long]].get == terms &&
      next.R7[Coll[Byte]].get == link &&
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
            o.R6[Coll[Long]].get.slice(1, 63) == limit && limit.forall({(c: Long) => c > 0L}))
        }))
      ))

    if (index > 0 &&
      next.value >= SELF.value &&
      next.R5[Coll[SigmaProp]] == SELF.R5[Coll[SigmaProp]] &&
      after == own &&
      (if (gain > 0L) (gain >= own(0) || balance == 0L)
       else (gain == 0L && SELF.creationInfo._1 + 788400 < HEIGHT))
    ) sigmaProp(kept) else {
      val stamp = after(1)
      val rules = next.value >= min(terms(3), SELF.value) &&
        next.R5[Coll[SigmaProp]].get.size == 1 && next.bytes.size < 1600 &&
        own(1) <= stamp && stamp <= HEIGHT &&
        after(2) >= max(0L, own(2) - terms(7) * (stamp - own(1)) / 1000L) + drawn &&
        after(3) == (if (before < 0L) own(3) else stamp) &&
        (drawn == 0L || (
          balance >= 0L - terms(1) &&
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
