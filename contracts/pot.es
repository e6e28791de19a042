/**
 * POT: the common pot, with all units and membership tokens that no account holds. The policy of this kind of LETS.
 *
 * Tokens     (0) pot NFT    (1) membership tokens    (2) units; of each at least one remains
 * R4 Coll[Long]    counters: 0 stamp, 1 admissions, 2 units issued, 3 recoveries started: leaky buckets against the
 *                  charter's rates
 * Its successor is OUTPUTS(0); the account or application that it acts on, the subject, is INPUTS(1). The charter, where
 * it is needed, is data input 0. Nobody's script decides about the subject but this one: account.es P, application.es A.
 *
 * Always     Q1 the pot is INPUTS(0)   Q2 same script   Q3 the same three tokens in the same places
 *            Q4 created less than 5,040 blocks ago   Q5 no R5 and further registers   Q6 ERG not less, but for a refresh
 * Refresh    by anybody, alone in INPUTS: F1 older than 788,400 blocks   F2 tokens and counters as they were
 *            F3 it loses at most 0.01 ERG
 * Exit       the subject has tokens and OUTPUTS(1) is no account: by the owner alone, charter and committee have no say
 *            X1 the subject is an account of this LETS   X2 its balance is 0   X3 its membership token and units return
 *            X4 counters as they were   X5 its account token stands in no output: it is burnt
 *            X6 the owner's proof: his key; the key of the followed box, data input 0; or the controlling contract,
 *            fresh, at INPUTS(2)
 *  Expel     an exit that the committee proves and not the owner, to be seen by its data input: X1 to X5, and
 *            E1 data input 0 is the charter, by its NFT   E2 the committee's proof
 *            E3 R7 is empty: the ERG of other accounts belongs to no key that stands in them
 *            E4 one key in R5: while a recovery is pending the ERG would go to the key that was lost
 *            E5 OUTPUTS(1) has the proposition of R5(0), created less than 5,040 blocks ago, and is small: below 200
 *            bytes more than the proposition, so that rent does not eat what a member far away has not fetched
 *            E6 it has the account's ERG, less a fee within the charter's bound (9)
 *            Without one of E1, E3 to E6 it is an exit like any other, by the owner's proof.
 * Committee  G1 the charter, by its NFT   G2 the committee's proof (R4 of the charter)
 *            G3 OUTPUTS(1) is an account, created less than 5,040 blocks ago, without R8, below 2,000 bytes (account.es S8,
 *            with room for new terms in a box that its owner has filled)
 *            and, but for a recovery (G5 to G8 also for its start):
 *            G4 terms: 9 to 17 numbers, each from 0 to 10^12, the draw rate at most 10^10; line and cap within the
 *            charter's bounds, the floor the charter's
 *            G5 four counters; the stamp does not go back, nor past HEIGHT
 *            G6 admissions = max(0, admissions - rate * blocks passed) + admitted, at most the rate if any are admitted
 *            G7 the same for units issued   G8 the same for recoveries started
 *  Admit     the subject has no tokens
 *            H1 it is an application   H2 to this pot   H3 not expired   H4 one membership token leaves, and as many
 *            units as the line and as issued   H5 the account's tokens are one membership token, one new account token
 *            (its id is the pot's box id), those units   H6 of the new account token there is one in all outputs
 *            H7 R5 is the applicant's key   H8 R6 is his smallest direct payment, a stamp from 0 to HEIGHT, 0, 0
 *            H9 R7 is his choice of who else may act   H10 ERG: the floor at least, and the application's less a fee
 *            within the charter's bound
 *  Set terms the subject has tokens, and R5 is as it was
 *            T1 it is an account of this LETS   T2 issued is the line, or the debt if that is more
 *            T3 units change by as much as issued: the balance stays   T4 the pot gives or takes just these units
 *            T5 membership and account token, R6, R7 as they were   T6 ERG not less
 *  Recover   the subject has tokens, and R5 changes: with two keys in it the start, with one the completion. For both
 *            R1 the subject is an account of this LETS   R2 tokens with their amounts, R4 and R7 as they were
 *            R3 R7 is empty: the key that acts for other accounts does not stand in R5   R4 ERG not less
 *            R5 the pot gives and takes nothing
 *   Start    an heir's key is put beside the owner's, whose every signed spend removes it (account.es S3: the veto)
 *            S1 R5 is the first key as it was and an heir's, another one   S2 R6 is its first four numbers and the start
 *            S3 the start is not in the past, nor more than 5,040 blocks ahead: whatever was pending, the whole delay
 *            passes from now on   S4 the owner has not opted out by a fifth number below 0 in R6
 *            S5 below 1,500 bytes and those of the owner's proposition: the heir can spend it (account.es S8)
 *            A second start, with another heir, begins the delay anew. There is no cancelling: the owner's veto, or the
 *            second start, does it.
 *   Complete by anybody: G2 is not asked
 *            V1 the delay has passed: start + the charter's bound 7 is below HEIGHT; the start is not negative
 *            V2 R5 had two keys, and is the second   V3 R6 is its first four numbers   V4 counters as they were
 *
 * @param CHARTER_NFT token id of the charter's NFT
 * @param ACCOUNT_HASH blake2b256 of the account script
 * @param APPLICATION_HASH blake2b256 of the application script
 */
{
  val next = OUTPUTS(0)
  val membership = SELF.tokens(1)._1
  val unit = SELF.tokens(2)._1
  val counters = SELF.R4[Coll[Long]].get
  val recent = {(b: Box) => b.creationInfo._1 + 5040 > HEIGHT}
  val kept = INPUTS(0).id == SELF.id &&
    next.propositionBytes == SELF.propositionBytes &&
    next.tokens.size == 3 && next.tokens(0) == SELF.tokens(0) &&
    next.tokens(1)._1 == membership && next.tokens(2)._1 == unit &&
    recent(next) && !(next.R5[Long].isDefined)
  val membersOut = SELF.tokens(1)._2 - next.tokens(1)._2
  val unitsOut = SELF.tokens(2)._2 - next.tokens(2)._2

  if (INPUTS.size == 1) {
    sigmaProp(kept && membersOut == 0L && unitsOut == 0L &&
      next.R4[Coll[Long]].get == counters &&
      next.value >= SELF.value - 10000000L &&
      SELF.creationInfo._1 + 788400 < HEIGHT)
  } else {
    val subject = INPUTS(1)
    val out = OUTPUTS(1)
    val funded = kept && next.value >= SELF.value
    val isAccount = {(b: Box) => blake2b256(b.propositionBytes) == ACCOUNT_HASH}
    val held = subject.tokens.fold(0L, {(s: Long, t: (Coll[Byte], Long)) => if (t._1 == unit) s + t._2 else s})

    if (subject.tokens.size > 0 && !(isAccount(out))) {
      val number = subject.tokens(1)._1
      val link = subject.R7[Coll[Byte]].get
      val closed = funded && isAccount(subject) && subject.tokens(0) == (membership, 1L) &&
        held == subject.R4[Coll[Long]].get(0) &&
        membersOut == -1L && unitsOut == 0L - held &&
        next.R4[Coll[Long]].get == counters &&
        OUTPUTS.forall({(o: Box) => o.tokens.forall({(t: (Coll[Byte], Long)) => t._1 != number})})
      sigmaProp(closed) && (
        if (link.size == 0) {
          val keys = subject.R5[Coll[SigmaProp]].get
          val read = CONTEXT.dataInputs
          val expelled = read.size > 0 && read(0).tokens.size > 0 && read(0).tokens(0)._1 == CHARTER_NFT &&
            keys.size == 1 && out.propositionBytes == keys(0).propBytes && recent(out) &&
            out.bytes.size < 200 + keys(0).propBytes.size &&
            out.value >= subject.value - read(0).R5[Coll[Long]].get(9)
          if (expelled) read(0).R4[SigmaProp].get else keys(0)
        } else {
          if (link.size == 32) {
            val box = CONTEXT.dataInputs(0)
            box.R4[SigmaProp].get && sigmaProp(box.tokens(0)._1 == link)
          } else {
            val controller = INPUTS(2)
            sigmaProp(controller.tokens(0)._1 == link.slice(1, 33) && controller.creationInfo._1 + 1051200 > HEIGHT)
          }
        })
    } else {
      val charter = CONTEXT.dataInputs(0)
      val bounds = charter.R5[Coll[Long]].get
      val after = next.R4[Coll[Long]].get
      val terms = out.R4[Coll[Long]].get
      val keys = out.R5[Coll[SigmaProp]].get
      val settings = out.R6[Coll[Long]].get
      val period = bounds(5)
      val passed = min(after(0) - counters(0), period)
      val made = charter.tokens(0)._1 == CHARTER_NFT &&
        funded && isAccount(out) && recent(out) && !(out.R8[Long].isDefined) && out.bytes.size < 2000
      val counted = {(started: Long) =>
        after.size == 4 && counters(0) <= after(0) && after(0) <= HEIGHT &&
        (membersOut == 0L || after(1) <= bounds(3)) &&
        (unitsOut <= 0L || after(2) <= bounds(4)) &&
        (started == 0L || after(3) <= bounds(8)) &&
        after(1) == max(0L, counters(1) - bounds(3) * passed / period) + membersOut &&
        after(2) == max(0L, counters(2) - bounds(4) * passed / period) + max(0L, unitsOut) &&
        after(3) == max(0L, counters(3) - bounds(8) * passed / period) + started
      }
      val ruled = made && counted(0L) &&
        terms.size >= 9 && terms.size <= 17 &&
        terms.forall({(x: Long) => x >= 0L && x <= 1000000000000L}) &&
        terms(1) <= bounds(0) && terms(2) <= bounds(1) && terms(3) == bounds(2) && terms(7) <= 10000000000L

      if (subject.tokens.size == 0) {
        val wishes = subject.R6[Coll[Long]].get
        val origin = subject.R5[Coll[Byte]].get
        val link = origin.slice(32, 99)
        charter.R4[SigmaProp].get && sigmaProp(
          ruled && membersOut == 1L && unitsOut == terms(0) && terms(0) == terms(1) &&
          blake2b256(subject.propositionBytes) == APPLICATION_HASH &&
          origin.slice(0, 32) == SELF.tokens(0)._1 && wishes(0) >= HEIGHT &&
          out.tokens(0) == (membership, 1L) && out.tokens(1) == (SELF.id, 1L) &&
          (if (terms(0) == 0L) out.tokens.size == 2 else (out.tokens.size == 3 && out.tokens(2) == (unit, terms(0)))) &&
          OUTPUTS.flatMap({(b: Box) => b.tokens}).fold(0L, {(s: Long, t: (Coll[Byte], Long)) => if (t._1 == SELF.id) s + t._2 else s}) == 1L &&
          keys == Coll(subject.R4[SigmaProp].get) &&
          settings == Coll(wishes(1), settings(1), 0L, 0L) && settings(1) >= 0L && settings(1) <= HEIGHT &&
          out.R7[Coll[Byte]].get == link && (link.size == 0 || link.size == 32 || link.size == 33) &&
          out.value >= terms(3) && out.value >= subject.value - bounds(9))
      } else {
        val before = subject.R5[Coll[SigmaProp]].get
        val own = subject.R6[Coll[Long]].get
        val link = subject.R7[Coll[Byte]].get
        val kin = membersOut == 0L && isAccount(subject) && subject.tokens(0) == (membership, 1L) &&
          out.R7[Coll[Byte]].get == link && out.value >= subject.value
        if (keys == before) {
          val balance = held - subject.R4[Coll[Long]].get(0)
          val units = terms(0) + balance
          charter.R4[SigmaProp].get && sigmaProp(
            ruled && kin && unitsOut == units - held &&
            terms(0) == max(terms(1), 0L - balance) &&
            out.tokens(0) == subject.tokens(0) && out.tokens(1) == subject.tokens(1) &&
            (if (units == 0L) out.tokens.size == 2 else (out.tokens.size == 3 && out.tokens(2) == (unit, units))) &&
            settings == own)
        } else {
          val handed = made && kin && unitsOut == 0L && out.tokens == subject.tokens &&
            terms == subject.R4[Coll[Long]].get && link.size == 0
          if (keys.size == 1) {
            sigmaProp(handed && after == counters &&
              before.size == 2 && keys(0) == before(1) && settings == own.slice(0, 4) &&
              own(4) >= 0L && own(4) < HEIGHT - bounds(7))
          } else {
            val start = settings(4)
            charter.R4[SigmaProp].get && sigmaProp(handed && counted(1L) &&
              keys.size == 2 && keys(0) == before(0) && keys(1) != before(0) &&
              settings == own.slice(0, 4) ++ Coll(start) && start >= HEIGHT && start <= HEIGHT + 5040 &&
              own.getOrElse(4, 0L) >= 0L && out.bytes.size < 1500 + before(0).propBytes.size)
          }
        }
      }
    }
  }
}
