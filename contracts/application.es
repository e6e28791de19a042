/**
 */
{
  val pot = INPUTS(0)
  val admitted = CONTEXT.selfBoxIndex == 1 &&
    pot.creationInfo._1 + 1051200 > HEIGHT &&
    pot.tokens.size > 0 && pot.tokens(0)._1 == SELF.R5[Coll[Byte]].get.slice(0, 32) &&
    SELF.R6[Coll[Long]].get(0) >= HEIGHT
  if (admitted) sigmaProp(true) else SELF.R4[SigmaProp].get
}
