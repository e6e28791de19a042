/**
 * NOTE: a payment on its way, made by the payer's account without touching the payee's.
 *
 * Tokens     (0) units, alone
 * R4 SigmaProp     claimant: who must prove besides; trivially true for a note to a named payee
 * R5 Coll[Byte]    payer's number (32) ++ hash of the account script (32) ++ payee's number (32) or nothing: any account
 * R6 Coll[Long]    0 expiry, 1.. classes of payee that may claim; none is all
 * R7 Coll[Byte]    memo, sealed by the payer; no rule
 * Whatever expiry the payer wrote, it counts as at least 10,080 and at most 262,800 blocks after the note's creation:
 * no note is born dead, none outlives its ERG. account.es (C2, C6) lets no other note be made.
 *
 * Every spend  L1 INPUTS(0) is an account of this LETS: the membership token first, amount 1   L2 of the account script
 *              L3 fresh, so that its script runs: being the leader it is signed (account.es U1) and conserves units (C3)
 * Claim        M1 the claimant's proof   M2 the leader is the payee, if one is named
 *              M3 the leader's class is among the classes, if there are any. Also after the expiry, until it is refunded.
 * Refund       after the expiry: N1 the leader is the payer
 * Absorb       262,800 blocks after the expiry: N2 the leader follows the charter (its R7): the community's account
 *
 * @param MEMBERSHIP token id of the membership token
 * @param CHARTER_NFT token id of the charter's NFT
 */
{
  val leader = INPUTS(0)
  val who = SELF.R5[Coll[Byte]].get
  val payee = who.slice(64, 96)
  val rules = SELF.R6[Coll[Long]].get
  val classes = rules.slice(1, 63)
  val made = SELF.creationInfo._1.toLong
  val late = HEIGHT - max(made + 10080L, min(rules.getOrElse(0, 0L), made + 262800L))
  val account = leader.tokens(1)._1
  val led = leader.tokens(0) == (MEMBERSHIP, 1L) &&
    blake2b256(leader.propositionBytes) == who.slice(32, 64) &&
    leader.creationInfo._1 + 1051200 > HEIGHT

  if (late > 0L && (account == who.slice(0, 32) || (late > 262800L && leader.R7[Coll[Byte]].get == CHARTER_NFT))) {
    sigmaProp(led)
  } else {
    SELF.R4[SigmaProp].get && sigmaProp(led &&
      (payee.size == 0 || payee == account) &&
      (classes.size == 0 || classes.exists({(c: Long) => c == leader.R4[Coll[Long]].get(8)})))
  }
}
