@echo off
rem The command is the name of this file.
setlocal
if not defined VMSNAPSHOT_PYTHON if exist "%~dp0..\python\python.exe" set "VMSNAPSHOT_PYTHON=%~dp0..\python\python.exe"
if defined VMSNAPSHOT_PYTHON goto own
py -3 -I "%~dp0.." %~n0
exit /b %ERRORLEVEL%
:own
"%VMSNAPSHOT_PYTHON%" -I "%~dp0.." %~n0
exit /b %ERRORLEVEL%
