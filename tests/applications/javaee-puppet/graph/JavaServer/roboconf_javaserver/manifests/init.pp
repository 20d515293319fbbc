# Nothing to do for actions without a manifest of their own.
class roboconf_javaserver(
  $runningState = undef,
  $importDiff = undef,
  $oracle = undef,
  $jmsbridge = undef,
) {
}
