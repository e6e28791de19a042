/**
 * @param MEMBERSHIP token id of the membership token
 * @param CHARTER_NFT token id of the charter's NFT
 */
{
  val leader = INPUTS(0)
  val who = SELF.R5[Coll[Byte]].get
  val payee = who.slice(64, 96)
  val rules = SELF.R6[Coll[Long]].get
  val classes = rules.slice(1, 99)
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
