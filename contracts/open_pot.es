/**
 * OPEN POT: the common pot of a LETS that anybody joins by himself. What joining gives is backed by ERG, or paid for.
 *
 * Tokens     (0) pot NFT    (1) membership tokens    (2) units; of each at least one remains
 * R4 Coll[Long]    the oracle's box last seen: 0 the height at which it was made, 1 its rate
 * R5 Coll[Long]    policy, fixed at founding: 0 kind, 1 ERG floor of accounts, 2 credit (1: longest line, 2: the line,
 *                  3: most units bought at once, 4: units to start with), 3 cap, 4..7 largest draw, draw limit, longest
 *                  debt and draw rate of every account, 8 lock (blocks), 9 fee that stays in the pot; units per
 *                  quantity of the oracle: 10; percent of a unit's price: 11 cover, 12 margin, 13 discount; a called debt:
 *                  14 grace (blocks), 15 smallest liquidation (units), 17 blocks in which it is possible; the oracle's:
 *                  16 oldest age, 18 least and 19 highest rate, 20 age at which it is dead; 21 units minted, 22 the pot's own ERG
 * R6 SigmaProp     the community's key, as in the charter: no rule asks for its proof
 * Kinds      1 LETS-1: a line against ERG in the account     2 LETS-2: a fixed line for a fee
 *            3 LETS-3: units bought with ERG, redeemable     4 LETS-4: units to start with for a fee
 * Its successor is OUTPUTS(0); the account that it acts on, the subject, is INPUTS(1), its successor OUTPUTS(1).
 * Accounts have terms of 9 numbers: 8 is the height at which the lock ends (kind 1, otherwise 0), which no classes name.
 * A tenth is a mark: below 0 minus the height of a margin call, 0 a freeze. To account.es it is a class to spend on that
 * nobody has, and that no note carries: whoever is marked can draw no credit.
 * Collateral is the ERG between the policy's floor and the account's own: what is above that its owner takes out when he likes.
 *
 * Always     Q1 the pot is INPUTS(0)   Q2 same script   Q3 the same three tokens in the same places
 *            Q4 created less than 5,040 blocks ago   Q5 R5 and R6 as they were, no R7   Q6 R4 as it was, or, if
 *            the oracle is known, the height at which its box was made, and the rate
 *            Q7 ERG not less, but for refresh and redemption
 * Refresh    by anybody, alone in INPUTS: F1 older than 788,400 blocks   F2 tokens and R4 as they were
 *            F3 it loses at most 0.01 ERG
 * Oracle     data input 0, by its NFT, amount 1; in R4 a Long, the rate (nanoErg per quantity)
 *   known    O1 younger than the oldest age   O2 R4 names a box made less than 1,046,160 blocks ago: until then no box of
 *            the pool that came after it can have become storage rent, which makes a box young again, or gives it away
 *            with its NFT   the rate counts as the least, or the highest, if it is beyond
 *   live     known, and   O3 the rate is not below the least, nor above the highest
 *   pressing known, and the rate is not below the least: above the highest it counts as the highest
 *   dead     O4 older than the age of death, or O2 broken: this needs no oracle's box
 *   price    of a unit in nanoErg, at so many percent: rate * percent / (100 * units per quantity)
 * Open       by anybody, for anybody; the subject is no account
 *            J1 one membership token leaves   J2 OUTPUTS(1) is an account, created less than 5,040 blocks ago, without
 *            R8, below 1,500 bytes   J3 its tokens: one membership token, one new account token (its id is the pot's box
 *            id), the units given   J4 of the new account token there is one in all outputs   J5 one key in R5
 *            J6 R6: smallest direct payment, a stamp from 0 to HEIGHT, 0, 0   J7 R7 is empty, 32 or 33 bytes
 *            J8 terms: the units given as line and issued (1, 2), or none (3, 4); cap and loan rules of the policy
 *            J9 ERG not below the floor in the terms   J10 a fee stays in the pot, beside what backs, and asks that
 *            the oracle is live: within its range it is worth more than what joining gives. It goes to nobody, or whoever
 *            gets it could join for nothing
 *   1        J11 floor not below the policy's   J12 the lock ends after the policy's lock, and at most 5,040 blocks later
 *            J13 no units, or at most the longest line, the oracle live, and their price at the cover in the floor above
 *            the policy's
 *   2, 4     J14 as many units as the policy says   J15 the policy's floor, no lock
 *   3        J15   J16 no units, or at most those bought at once, the oracle live, and their price at the cover in the pot
 * Close      by the owner; the subject is an account and OUTPUTS(1) is none
 *            X1 the subject is an account of this LETS   X2 its balance is 0   X3 its membership token and units return
 *            X4 its account token stands in no output: it is burnt   X5 the lock has ended   X6 the owner's proof: his
 *            key; the key of the followed box, the last data input; or the controlling contract, fresh, at INPUTS(2)
 * On an account whose successor is an account
 *            A1 the subject is an account of this LETS   A2 no membership token moves   A3 membership and account token
 *            as they were, then units alone   A4 R5, R6, R7 as they were, no R8   A5 created less than 5,040 blocks ago
 *            A6 below 2,000 bytes (account.es S8, with room in a box that its owner has filled)
 *  Call      kind 1, by anybody: a tenth number in the terms, whose others stay
 *            C1 units as they were   C2 ERG not less
 *            C3 not called yet (marked 0 or not at all), or grace and time to liquidate are over; the debt is above the
 *            margin's worth of the collateral, the oracle is pressing; the mark is minus a height not past, at most
 *            720 blocks ahead
 *            C4 or not marked, the mark is 0, and the oracle is dead, or pressing and the line above the margin's worth
 *  Liquidate kind 1, by anybody who brings units: terms as they were, more units, none of them from the pot
 *            D1 called   D2 the grace has passed, the time to liquidate has not   D3 the oracle is pressing
 *            D4 the debt is above the margin's worth
 *            D5 the balance stays at or below 0   D6 not less than the smallest liquidation, or to 0
 *            D7 it loses for each unit at most its price at 100 percent and the discount; and at most its price, or its
 *            part of the ERG above the policy's floor if that is more: no discount comes out of the others' pockets
 *            D8 ERG not below the policy's floor, or what it was if that is less
 *  Adjust    kind 1, by the owner: X6
 *            W1 issued is the line, or the debt if that is more   W2 units change by as much: the balance stays
 *            W3 the pot gives or takes just these units   W4 line from 0 to the longest   W5 floor not below the
 *            policy's   W6 nor below what it was, or the ERG if that is less, before the lock has ended
 *            W7 cap, loan rules and lock as they were   W8 ERG not below the floor
 *            W9 no mark stays, and: nothing is issued; or the oracle is live, and the price of all that is issued at the
 *            cover is in the floor above the policy's
 *            W10 or line not more, floor not less, no units gained, marks as they were: this needs no oracle
 *            W11 issued was not below 0: an account around a membership token that rent set free has any terms
 *  Buy       kind 3, by the owner: X6
 *            B1 terms as they were   B2 units gained leave the pot   B3 at most those bought at once, and within the cap
 *            B4 the oracle is live   B5 their price at the cover is in the pot
 *  Redeem    kind 3, by the owner: X6
 *            B1   M1 units lost return to the pot   M2 it gives their share of the reserve at most (the ERG above its own,
 *            divided by the units that are out)   M3 nor more than their price, the oracle known   M4 or, the oracle
 *            dead, than the last price at the cover: whoever bought last gains nothing by its death. To redeem nothing is
 *            allowed: so anybody with an account shows the pot its oracle
 *
 * @param ORACLE_NFT token id of the oracle pool's NFT
 * @param ACCOUNT_HASH blake2b256 of the account script
 */
{
  val next = OUTPUTS(0)
  val membership = SELF.tokens(1)._1
  val unit = SELF.tokens(2)._1
  val seen = SELF.R4[Coll[Long]].get
  val rules = SELF.R5[Coll[Long]].get
  val after = next.R4[Coll[Long]].get
  val recent = {(b: Box) => b.creationInfo._1 + 5040 > HEIGHT}
  val kept = INPUTS(0).id == SELF.id &&
    next.propositionBytes == SELF.propositionBytes &&
    next.tokens.size == 3 && next.tokens(0) == SELF.tokens(0) &&
    next.tokens(1)._1 == membership && next.tokens(2)._1 == unit &&
    recent(next) && next.R5[Coll[Long]].get == rules &&
    next.R6[SigmaProp].get == SELF.R6[SigmaProp].get && !(next.R7[Long].isDefined)
  val membersOut = SELF.tokens(1)._2 - next.tokens(1)._2
  val unitsOut = SELF.tokens(2)._2 - next.tokens(2)._2
  val gain = next.value - SELF.value

  if (INPUTS.size == 1) {
    sigmaProp(kept && membersOut == 0L && unitsOut == 0L && after == seen &&
      gain >= 0L - 10000000L &&
      SELF.creationInfo._1 + 788400 < HEIGHT)
  } else {
    val subject = INPUTS(1)
    val out = OUTPUTS(1)
    val kind = rules(0)
    val floor = rules(1)
    val isAccount = {(b: Box) => blake2b256(b.propositionBytes) == ACCOUNT_HASH}

    val read = CONTEXT.dataInputs
    val told = read.size > 0 && read(0).tokens.size > 0 && read(0).tokens(0) == (ORACLE_NFT, 1L)
    val quoted = if (told) read(0).R4[Long].get else 0L
    val made = if (told) read(0).creationInfo._1.toLong else 0L
    val rate = max(rules(18), min(quoted, rules(19)))
    val safe = HEIGHT < seen(0) + 1046160L
    val known = told && safe && made + rules(16) > HEIGHT && after == Coll(made, rate)
    val live = known && quoted == rate
    val dead = !safe || (told && made + rules(20) < HEIGHT)
    val price = {(percent: Long) => rate * percent / (100L * rules(10))}
    val acted = kept && (known || after == seen)

    if (isAccount(subject)) {
      val terms = subject.R4[Coll[Long]].get
      val held = subject.tokens.fold(0L, {(s: Long, t: (Coll[Byte], Long)) => if (t._1 == unit) s + t._2 else s})
      val balance = held - terms(0)
      val kin = acted && subject.tokens(0) == (membership, 1L)
      val link = subject.R7[Coll[Byte]].get
      val stays = isAccount(out)
      val fresh = if (stays) out.R4[Coll[Long]].get else terms
      val units = if (out.tokens.size > 2) out.tokens(2)._2 else 0L
      val gained = units - held
      val same = stays && kin && membersOut == 0L && out.tokens.slice(0, 2) == subject.tokens.slice(0, 2) &&
        (out.tokens.size == 2 || (out.tokens.size == 3 && out.tokens(2)._1 == unit)) &&
        out.R5[Coll[SigmaProp]].get == subject.R5[Coll[SigmaProp]].get &&
        out.R6[Coll[Long]].get == subject.R6[Coll[Long]].get &&
        out.R7[Coll[Byte]].get == link && !(out.R8[Long].isDefined) && recent(out) && out.bytes.size < 2000
      val secured = same && kind == 1L && gain >= 0L
      val pressing = known && quoted >= rate
      val room = max(0L, min(subject.value, terms(3)) - floor) / price(rules(12))
      val under = pressing && 0L - balance > room
      val waited = if (terms.size == 10 && terms(9) < 0L) HEIGHT + terms(9) - rules(14) else 0L

      if (stays && unitsOut == 0L && gained > 0L && fresh == terms) {
        sigmaProp(secured && waited > 0L && waited <= rules(17) && under &&
          balance + gained <= 0L && (gained >= rules(15) || balance + gained == 0L) &&
          out.value >= subject.value -
            gained * min(price(100L + rules(13)), max(price(100L), (subject.value - floor) / (0L - balance))) &&
          out.value >= min(floor, subject.value))
      } else {
        if (stays && fresh.size == 10 && fresh.slice(0, 9) == terms.slice(0, 9) && fresh != terms) {
          val call = 0L - fresh(9)
          sigmaProp(secured && unitsOut == 0L && gained == 0L && out.value >= subject.value &&
            (if (call == 0L) (terms.size == 9 && (dead || (pressing && terms(1) > room)))
             else ((terms.size == 9 || terms(9) == 0L || waited > rules(17)) && under && call >= HEIGHT && call <= HEIGHT + 720)))
        } else {
          val changed = if (stays) {
            val line = fresh(1)
            val bottom = fresh(3)
            val adjusted = secured &&
              fresh(0) == max(line, 0L - balance) && terms(0) >= 0L && gained == fresh(0) - terms(0) &&
              line >= 0L && line <= rules(2) && bottom >= floor &&
              (bottom >= min(terms(3), subject.value) || HEIGHT > terms(8)) &&
              fresh(2) == terms(2) && fresh.slice(4, 9) == terms.slice(4, 9) && out.value >= bottom &&
              ((fresh.size == 9 && (fresh(0) == 0L || (live && fresh(0) <= (bottom - floor) / price(rules(11))))) ||
               (gained <= 0L && line <= terms(1) && bottom >= terms(3) && fresh.slice(9, 99) == terms.slice(9, 99)))
            val traded = same && kind == 3L && fresh == terms && (
              if (gained > 0L) (gained <= rules(2) && balance + gained <= terms(2) && live && gained <= gain / price(rules(11)))
              else {
                val share = (SELF.value - rules(22)) / (rules(21) - SELF.tokens(2)._2)
                gain >= gained * min(share, if (known) price(100L) else seen(1) * rules(11) / (100L * rules(10))) && (known || dead)
              })
            unitsOut == gained && (adjusted || traded)
          } else {
            kin && gain >= 0L && balance == 0L && membersOut == -1L && unitsOut == 0L - held && HEIGHT > terms(8) &&
              OUTPUTS.forall({(o: Box) => o.tokens.forall({(t: (Coll[Byte], Long)) => t._1 != subject.tokens(1)._1})})
          }
          sigmaProp(changed) && (
            if (link.size == 0) subject.R5[Coll[SigmaProp]].get(0) else {
              if (link.size == 32) {
                val box = read(read.size - 1)
                box.R4[SigmaProp].get && sigmaProp(box.tokens(0)._1 == link)
              } else {
                val controller = INPUTS(2)
                sigmaProp(controller.tokens(0)._1 == link.slice(1, 33) && controller.creationInfo._1 + 1051200 > HEIGHT)
              }
            })
        }
      }
    } else {
      val terms = out.R4[Coll[Long]].get
      val settings = out.R6[Coll[Long]].get
      val link = out.R7[Coll[Byte]].get
      val line = if (kind <= 2L) unitsOut else 0L
      val backing = if (kind == 1L) terms(3) - floor else gain - rules(9)
      sigmaProp(acted && gain >= 0L && membersOut == 1L && isAccount(out) && recent(out) && !(out.R8[Long].isDefined) &&
        out.bytes.size < 1500 &&
        out.tokens(0) == (membership, 1L) && out.tokens(1) == (SELF.id, 1L) &&
        (if (unitsOut == 0L) out.tokens.size == 2 else (out.tokens.size == 3 && out.tokens(2) == (unit, unitsOut))) &&
        OUTPUTS.flatMap({(b: Box) => b.tokens}).fold(0L, {(s: Long, t: (Coll[Byte], Long)) => if (t._1 == SELF.id) s + t._2 else s}) == 1L &&
        terms == Coll(line, line, rules(3), terms(3)) ++ rules.slice(4, 8) ++ Coll(terms(8)) &&
        out.R5[Coll[SigmaProp]].get.size == 1 &&
        settings == Coll(settings(0), settings(1), 0L, 0L) && settings(1) >= 0L && settings(1) <= HEIGHT &&
        (link.size == 0 || link.size == 32 || link.size == 33) &&
        out.value >= terms(3) &&
        (rules(9) == 0L || (live && gain >= rules(9))) &&
        (if (kind == 1L) (terms(3) >= floor && terms(8) >= HEIGHT + rules(8) && terms(8) <= HEIGHT + rules(8) + 5040L)
         else (terms(3) == floor && terms(8) == 0L)) &&
        (if (kind == 1L || kind == 3L)
           (unitsOut == 0L || (unitsOut <= rules(2) && live && unitsOut <= backing / price(rules(11))))
         else unitsOut == rules(2)))
    }
  }
}
