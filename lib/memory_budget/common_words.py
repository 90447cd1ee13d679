"""Words whose tokens are known wherever a word can stand; made by `tests/bench/make_common_words.py`.

`ONE`: one cl100k_base token after a space and at the start of a line, and at most two together with any one ASCII
sign of punctuation (or a tab) joined before it. `TWO`: the same with one token more. The most frequent of each.
"""

ONE = frozenset(
    """
AB ABC AC ACT ACTION AD ADC ADD AF AG AI AL ALL AM AN AND ANY AP API APP AR ARE AS ASC ASSERT AST AT AUTH AV
Ab About Abs Abstract Ac Acc Access According Account Act Action ActionResult Activ Active Activity Ad Adam
Add Added Additionally Address Admin Administration Adult Adv Advanced Af Aff Africa After Ag Again Age
Agency Agent Ah Air Ak Al Albert Ale Alert Alex Ali All Allen Also Altern Although Am Amb Americ American
Among An Anal Analysis And Anderson Andrew Android Ang Animal Animation Ann Another Answer Ant Anth Any Ap
Api App Apple Application Apply Appro Apr Ar Arc Arch Are Area Arg Args Argument Ark Arm Arr Array ArrayList
Art As Ash Asia Asian Ask Ass Assembly Asset Ast Async At Ath Atl Att Attack Attribute Aud Audio Aug Aus
Austin Australia Australian Aut Auth Author Auto Autom Av Aw Award Az BASE BB BBC BC BE BEGIN BL BM BO BOOL
BOOST BR BT BUS BY Ba Baby Back Bad Bag Bal Ball Ban Band Bang Bank Bar Bas Base Based Basic Bat Battle Bay
Be Because Bed Before Begin Beh Being Bel Bell Below Ben Ber Bern Bes Best Bet Bi Big BigDecimal Bill Binary
Bit Bitmap Bl Black Block Blog Blood Blue Bo Board Bob Body Bon Book Books Bool Boolean Boot Border Boston
Both Bow Box Boy Br Brad Brand Brazil Bre Break Brian Bridge Brit Bro Broad Bron Brown Browser Bru Buff
Buffer Build Builder Bundle Bur Burn Bus Bush Business But Button Buy By Byte CA CAN CB CBD CC CD CEO CF CG
CH CHECK CI CL CM CNN CO CODE COM COMP CON CONDITION CONFIG CONT COPY CP CPU CR CS CSS CT CUR CV Ca Cache
Cal Calculate Calendar Call Callback Called Cam Camera Camp Can Cap Capt Car Carbon Card Care Carl Cart Cas
Case Cash Cast Cat Catch Category Cele Cell Cent Center Central Centre Cert Ch Chair Change Channel Chapter
Char Character Charles Chart Chat Che Check Chem Chicago Chief Child China Chinese Christ Chrome Church
Circle Cit City Civil Cl Clark Class Classic Clean Clear Click Client Clin Clinton Clo Close Cloud Club Co
Code Col Coll Collect Collection Color Colorado Colors Column Com Comb Come Comm Command Comment Comments
Commission Commit Common Communic Community Comp Company Complete Complex Component Compute Computer Con
Conf Conference Config Configuration Configure Cong Conn Connect Connection Cons Console Constant Constants
Construct Constructor Cont Contact Container Content Context Contin Continue Contract Control Controller
Convert Cook Copy Copyright Cor Core Corn Corp Cos Cost Cou Could Council Count Counter Country County Cour
Course Court Cover Cow Cr Cre Creat Create Created Credit Criteria Cross Culture Cur Current Custom Customer
Cut Cy DATA DB DC DE DEFAULT DES DESC DI DIRECT DIS DJ DM DNA DO DOM DR DS DVD DWORD Da Daily Dallas Dam
Damage Dan Daniel Dar Dark Das Dat Data Database Date Dating Dave David Davis Day Days Db De Dead Dec Def
Default Del Dem Den Dep Der Des Description Design Destroy Det Details Detroit Dev Device Di Dialog Dick
Dictionary Did Die Digital Dim Direct Direction Director Directory Dis Disc Display District Div Do Doc
Document Does Dog Dom Domain Domin Don Donald Dou Double Down Download Dr Dragon Draw Dream Drive Driver
Drop Du Dub Dur Duration During Dynamic EC ED EL EM EN END EP ERR ERROR ES ESP ET EU EV EVENT EX EXP EXPECT
Each Ear Earth East Easy Ed Edge Edit Edition Editor Educ Education Effect Egypt Ein Either El Elect
Electric Element Ell Else Em Email Emer Emp Employ Employee Empty En Enable Enc End Energy Eng Engine Enjoy
Ent Enter Entity Entry Enum Environment Ep Equ Equipment Er Eric Err Error Es Esc Ess Est Et Eth Eu Euro
Europe European Ev Even Event EventArgs Events Ever Every Ex Example Excel Exception Exchange Exec Execute
Executive Exit Exp Experience Expl Export Express Expression Ext FA FALSE FC FILE FIT FIX FL FO FOR FR FREE
FROM Fa Fab Fac Face Facebook Factory Failed Fair Fall False Family Fant Far Farm Fast Father Fe Feature
Features Feb Federal Fetch Field Fight Figure Fil File Files Fill Film Filter Fin Final Finally Finance Find
Fire Firebase First Fish Five Fix Fixed Fl Flag Flash Flo Float Floor Flow Fly Follow Font Food Foot For
Force Ford Fore Forest Form Format Fort Forum Forward Found Foundation Four Fox Fr Fra Fragment Frame France
Frank Fre Free French Friday Friend Friends From Front Full Fun Func Function Fund Further Future GB GC GET
GL GM GNU GO GOOD GOP GPIO GPU GR GT GUI Ga Gal Gallery Game GameObject Games Gar Gas Gay Ge Gen Gener
General Generate Generic Ger German Get Gets Getty Gi Gift Gil Girl Git Give Given Gl Glass Global Go God
Gold Good Google Govern Government Gr Grad Grand Graph Graphics Gre Great Greek Green Greg Grid Gro Group Gu
Guard Guid Guide Gun HAL HAVE HD HE HER HERE HP HR HT HTML HTTP Ha Hal Hall Ham Han Hand Handle Handler
Handles Har Hard Harry Has Hash Hat Have Having Hay He Head Header Headers Health Heart Height Hel Hello
Help Helper Hen Her Here Hero Hi High Hillary His Histor History Hit Ho Hol Hold Holy Hom Home Hon Hong Hope
Hor Hospital Host Hot Hotel House Houston How Howard Html Http Hu Hum Human Hur Hy IB IC ID IE IEnumerable
IF II III IL IM IMPLIED IN INC INCLUDING IND INT IO IOException IP IR IS ISIS ISO IT IV Ice Icon Id Ide
Ident If Il Ill Illuminate Im Image Images Imm Imp Import Impro In Inc Ind Indeed Independ Independent Index
India Indian Indiana Inf Info Information Init Initial Initialize Initialized Inject Input Ins Insert Inst
Instagram Install Instance Instant Instead Int Integer Intel Intent Inter Interface Intern Internal
International Internet Interrupt Inv Invalid Invest Ir Iran Iraq Iron Is Isl Israel Iss It Italian Italy
Item Items Iter Its JO JS JSON JSONObject Jac Jack Jackson Jam James Jan Jane Japan Japanese Jason Java Jay
Je Jean Jeff Jer Jesus Jim Jo Job Joe John Join Jon Jones Jordan Jose Josh Journal Json Ju Jud Judge Jul
July Jun June Just Justin KC KE KEY Ka Kansas Kar Kat Ke Keep Kelly Ken Kenn Kent Kevin Key Kh Kids Kim Kind
King Kit Kitchen Kn Know Kr LA LCD LE LED LEFT LI LICENSE LIKE LIMIT LL LO LOG LP La Lab Label Labor Lady
Lake Land Lang Language Large Las Last Lat Latin Law Layer Layout Le League Learn Learning Lee Left Leg
Length Leon Les Less Let Level Lewis Li Lib Library License Licensed Lie Life Light Like Lim Limited Lin
Line Link Linked Linux List ListNode Little Live Liver Living Lo Load Loc Local Location Lock Log Logger
Login London Long Look Loop Lord Los Lot Lou Louis Love Low Ltd Lu Luc Ly MA MARK MAX MB MC MD ME
MERCHANTABILITY MI MIN MIT ML MM MO MOD MODE MORE MP MPI MS MT MY Ma Mac Machine Mad Made Mag Magic Magn Mah
Mail Main Major Make Mal Male Man Manager Many Map Mar Marc March Mark Market Mart Martin Mary Mas Mask Mass
Master Mat Match Material Math Matrix Matt Max May Maybe Mc Me Mean Med Media Mel Mem Member Members Memory
Men Menu Mer Mess Message Met Meta Metal Method Metro Mex Mi Miami Mich Michael Micro Microsoft Mid Middle
Migration Mike Mil Mill Miller Min Mini Mir Miss Mit Mitch Mix Mo Mobile Mock Mod Modal Mode Model Module
Moh Mom Mon Money Mono Mont Month Moon Mor More Mos Most Mot Mother Motor Mount Mountain Mouse Move Movie Mr
Mrs Ms Mu Mult Multi Mur Mus Music Muslim Must My NA NAME NAS NASA NC NE NEW NFL NG NO NON NOT NOTE NOW NS
NT NULL NUM NY Na Name Nation National Native Natural Nature Nav Navigation Ne Need Net Network Never New
News Newton Next Ng Ni Nic Nick Night No Node Non None Nor Norm Normal North Not Note Notes Nothing
Notification Nov Now Null Num Number Nut OF OFF OK ON OP OR ORDER OS OT OTHER OUT Oak Ob Object Observable
Occ Ocean Oct Of Off Office Official Offset Oh Oil Ok Ol Old Om On OnInit Once One Online Only Ont Op Open
Oper Operation Opt Option Options Or Oracle Orange Order Oregon Organ Organization Origin Original Os Other
Our Out Output Over Own PA PART PC PDF PE PER PH PHP PI PL PM PO PORT POST PR PRE PRO PS PT PUR Pa Pacific
Pack Package Page Pages Paint Pakistan Pal Pale Pan Panel Paper Par Param Parameter Parameters Parent Paris
Park Parse Parser Part Party Pass Password Pat Path Pattern Paul Pay Payment Pe Ped Pen Penn Per Performance
Perhaps Permission Pers Person Pet Peter Ph Phil Phone Phot Photo Photos Phys Pi Pick Pin Pl Place Plan
Plant Platform Play Player Please Plugin Plus Po Pod Point Pointer Points Pok Pol Policy Poly Pool Pop Por
Porn Porno Port Pos Position Post Posted Posts Pot Power Pr Pre Prem Pres President Press Price Prime Prince
Print Priv Private Pro Problem Process Produ Product Products Prof Profile Program Progress Project Prom
Promise Prop Properties Property Prot Provid Ps Pu Pub Public Put Py Python QString Qt Qu Qual Quality Que
Query Quest Question Queue Quick RAM RC RE READ REG RES RET RF RGB RO RT Ra Rad Radio Rain Ram Random Range
Rank Rate Rating Ray Re React Read Reading Real Rec Record Rect Red Ref Reference Reg Rel Release Rem Ren
Render Rep Reply Report Represent Republic Request Required Res Research Reset Resource Resources Rest Ret
Return Rev Review Reviews Rh Rich Rick Right Rights Ring River Ro Road Rob Rock Rod Role Roll Rom Roman Ron
Room Root Ros Rose Ross Round Route Router Routes Row Roy Royal Rs Rub Rule Run Runnable Runtime Russ Russia
Russian Ryan SA SC SD SDL SE SEC SER SET SH SHA SK SL SM SN SO SP SPI SQL SR SS ST STR SU SUB SV SW SY Sa
Sab Safe Safety Saint Sal Sale Sales Sam Sample Samsung San Sand Sanders Sans Santa Sarah Sat Saturday Saudi
Save Sc Scene Sch Schema School Scient Score Scott Screen Script Scroll Se Sea Search Sec Secret Section
Security See Seg Select Self Sem Sen Senate Send Sep Ser Serial Series Server Service Services Session Set
Sets Setting Settings Sex Sh Shape Share She Sher Shop Short Show Si Side Sie Sign Sil Silver Sim Similar
Simon Simple Sin Since Sing Single Sir Site Six Size Sk Sky Sl Sm Small Smart Smith Sn Snow So Social Socket
Software Sol Solid Solution Som Some Sometimes Son Song Sony Sort Sou Sound Source South Sp Space Spain Span
Spe Spec Special Speed Spi Spirit Sport Sports Spr Spring Sprite Sql Square St Stan Star Stat Status Ste
Steam Step Stone Stop Str String Su Sub Success Such Suite Sum Summer Sun Sunday Sup Super Support Sur Sure
Sus Sw Switch Sy Sym Symbol System Systems TABLE TAG TE TEST TEXT TH THE TIM TIME TO TODO TR TV TX TYPE Tab
Table Tag Tai Take Talk Target Task Tax Taylor Te Team Tech Tele Tem Temp Template Templates Ten Ter Term
Terr Test Tests Texas Text TextView Th That The Then There They This Thread Thus Ti Tile Tim Time Timer
Times Title To Today Tok Token Tom Tony Tool Tools Top Tor Total Touch Tour Tower Town Toy Tr Tra Track Trad
Trade Trail Trans Tre Tree TreeNode Tri Tro Trust Try Tuesday Tur Turn Tw Twitter Two Ty Typ Type Types UI
UIButton UIColor UIImage UIKit UIL UINT UIT UITableView UIView UIViewController UInt UK UL UN UP URI URL US
USA USB USD USE USER UTF Ul Ult Un Und Under Unfortunately Union Unit United Unity UnityEngine Univers
University Unknown Unless Unt Up Update Updated Ur Uri Us Use Used User Users Using Ut Util Utils VA VAL
VALUES VK VM VR Val Valid Validation Value Van Var Variable Variables Ve Vi Vict Video Videos Viet View Vin
Vir Virtual Vis Void Vol Volume Vue WE WH WHERE WIN WITH Wait Wal Walk Walker Wall War Wars Was Washington
Wat Watch Water Way We Weather Web Website Wed Week Weight Welcome Well West Wh What When Where Whether
Which While White Who Why Wi Widget Wil Wild Will Win Wind Window Windows Winter Wire Wis With Without Women
Wood Word WordPress Work Working Works World Would Write XML XXX Xml YES YOU YOUR YY Yeah Year Years Yes Yet
Yii York You YouTube Young Your Ze Zero Zone aan ab aber abilities ability able abort about above abs
absolute abstract ac acad academic acc accept acceptable accepted access accessible accom according account
accounts accum accur accuracy achie acid ack act acting action actions activ activate activated activation
active actively activities activity actor actors acts actual actually ad adapt adapter add added adding
additional addr address addresses adds ade adj adjust adm admin administr administration adopt ads adult adv
advance advanced advert af aff affected affiliate after ag again age aged agency agenda agent agents ages
ago agree ah ahead ai aid aim aims air airport ak akt al alarm album ale alert alg algorithm ali alias alien
align alignment alive all alla alle alloc allocate allocated allow allowed allows almost alone along alpha
already als also alt alter altern although always am amb among amount an anal analy analysis anchor and
android ang anger angle angular anim animal animals animated animation ann anno annotation announce
announcement annual anonymous another ans answer answered answers ant anth anti any anything ao ap api app
appe appear appearance append appl application applications apply appoint appointed appointment appro
appropri appropriate approx apps apr apt aqu ar arc arch architecture archive are area areas aren arg argc
args argument arguments argv aria arm armed armor arms around arr array arrays arrival arrow art article
articles artist artists arts as asc aside ask asking asks aspect ass assembly assert assertEquals assertTrue
assessment asset assets assign assigned assignment assist assistant associ associate associated association
assume ast astr async at ath atom att attach attached attachment attack attacks attempt attend attended
attention attr attrib attribute attributes attrs au auction aud audio auf aug aus aut auth authentication
author authority authorized authors auto autom automatic aux av availability available avatar avec aver
average avg avoid aw await award aware away awesome awk ax axios axis ay az ba bab baby back backend
background backgroundColor backup bad bag bags bal balance ball balls ban band bands bank banks bar bare
bars bas base based basic basis basket bat batch battery battle bay bb bc bd be bean bear bearing beat
beautiful because bed been beer before beg begin beh bei being bel below belt ben bench benef ber bes best
bet beta better between bg bi bias bid big bij bike bil bill bin binary bind binding bio bir bird birth
birthday bis bit bitcoin bite bitmap bits bl black blank blast ble blend blind blo block blocked blocking
blocks blog blood blue bo board boards boat body bol bold bomb bon bond bone bonus book booking books bool
boolean boost boot border born borrow boss bot both bottom bound boundary bounds bow box boxes boy boys br
bra brain branch brand brands bre bread break brew bridge brief bright bring bro broadcast broken broker
brown browser brush bs bt btn bu bucket budget buf buff buffer bug bugs build builder building built bul
bulk bull bullet bundle bur burn burst bus business but button buttons buy by byte bytes ca cab cache cached
cad cake cal calc calcul calculate calendar call callback called caller calling calls cam came camera camp
campaign can cancel candidate candidates cannot cant canvas cap caps capt caption capture car carbon card
cards care carry cars cart cas case cases cash cast cat catalog catch categories category cats caught cause
cb cc cd ce cel cele cell cells cent center centers central centre cer cert certificate cfg ch cha chain
chair challenge chang change changed changes changing channel channels chapter char character characters
charg charge charged charges charging charset chart chat che cheap check checked checking checks chem
chemical cher chest chief child children chip cho choice choices choose chosen chrom chunk church ci cin
circ circle cit cities city civil cl claim claims clang clar class className classes classic classified
clause cle clean cleanup clear cli click client clients climate clin clip clo clock clone close closed
closest closing closure cloud cls club clubs cluster cm cmd cn cnt co coach coal coc cock cod code codes
coding coeff coffee coin coins col cold coll collapse collect collection collections college collision colon
color colors colour cols column columns com comb combat combine combo come comes comfort comic coming comm
command commands comment comments commercial commission commit committed committee common communic
communication community como comp compact compan companies company compare comparison compat compatible
compet competition compile compiled compiler complete completed completion complex component components
composition comput compute computer con conc concept concert cond condition conditions conduct cone conf
conference confidence config configuration configure configured confirm confirmation confirmed conj conn
connect connected connecting connection connections cons conscious consider consistent console const
constant constants constexpr constitution constraint constraints construct constructed construction
constructor consult consum consumer cont contact contacts contain contained container contains content
contents contest context contin continue contr contract contracts contrib control controlled controller
controls conv conversation conversion convert converted cook cookie cookies cool coord coordinate
coordinates cop copies copy copyright cor cord core corn correct cos cost cou could count counter countries
country counts county cour course courses court cout cov cover coverage covered covering covers cow cp cpu
cr craft crate cre cream creat create created creating creation creative creator creature cred credentials
credit credits crew criminal crit criteria critical cro crop cross crow cry crypt crypto cs css csv ct ctx
cu cul cult culture cum cup cur curl curr currency current currently cursor curve cust custom customer cut
cuts cv cx cy cycle cz da dad daily dam damage dan dance danger dar dark das dat data database datas dataset
date dates datetime dating datos day days db dc dd de dead deb dec decimal ded def default defined deg
degree del delay delivery delta dem demand demo den density dent dep depend der des desc description design
desk desktop dess dest destination destroy destruct det detail details detect dev device df di dia dialog
diamond dic dice dict dictionary did die diet dif diff difference different dig digest digit digital digits
dim dimension din dir dire direct direction director directory dirty dis disable disc dish disk disp display
dist distance distributed distribution district dit div django do doc document does dog dogs doll dom domain
don done dont door dos dot double down download dp dr draft drag draw drawing dream dress drink drive driver
dro drop dropdown drops drug dry ds dst dt dtype du due dummy dump dup duplicate dur duration during dw dx
dy dynamic each ear early earn earned earth ease east easy eat eating ec echo economic ed edge edges edit
edited editing edition editor edu educ een eff effect effective effects eg egg eight ein either ej el elder
ele elect election electric electron elem element elements elif elig elim elite els else elseif em email
emails emb embed embr emergency emit emotion emp employ employed employee employees employer employment
empty en enable enabled enc encode encoded encoding end ended endif ending endl endpoint ends enemy energy
eng engage engine engineering enh ens ensure ent enter entered enterprise entities entity entr entre entries
entry enum enumer env environment environments ep episode epoch eps eq equ equal equality equals equipment
er era erot err error errors es esc escape escort eslint esp especially ess essay essential est esta
establish estate este estimate estimated et etc eth ethnic eu ev eval evaluate evaluation even event events
ever every evil evt ex exact exam example examples exc except exception exceptions exchange exclude
exclusive exec execute execution exercise exist existence existing exists exit exp expand expanded expect
expected expense expenses experience experiment experimental expert expl explain explicit explo explode
export exports expr express expression ext extend extended extends extension extensions extent extern
external extr extra extract ey eye eyes fa fab fabric fac face faces fact factor factory facts fade fail
failed fails failure fair fait fake fall falls false family fan fans fant far fare farm fast fat fatal
father fault fav favor favorite fd fe feat feature features fed fee feed feel fel fell felt female fer fest
fetch few fi fib fiction field fields fig fight figure figures fil file fileName filePath filename files
fill filled film filter filtered filters fin final finally finance find findViewById finding fine finger
finish finished fire firebase firm first firstName fish fit fitness fits five fix fixed fixture fl flag
flags flash flat flex flight flip flo float floating floor flow flower flu flush fly fmt fn fname fo focus
focused fol fold folder follow font fontSize fontWeight foo food foods foot football for force forced forces
fore foreach forest forg forget fork form forma format formation formats formed former forms formula fort
forth forum forward found foundation four fp fprintf fr fra fraction frag fragment frame frames framework
fre free freq frequency fresh friend friendly friends from front fruit fs ft fu fuck fuel ful full fully fun
func function functional functions fund fur future ga gain gal gallery gam game games gamma gang gap gar
gard gas gate gather gay gc ge gear gel gem gen gender gene gener general generate generated generation
generator generic genes genre gent geometry ger ges gest get getId getName gets getting gew ghost gi gift
girl git give given gl glass glm glob global glyphicon go goal goals god going gold gone good goods google
got goto government gr grab grad grade gradient graduate gran grand grant graph graphic graphics grass
gratis gray gre great greater green grep grey grid gro gross ground group groups grow grown growth gtk gu
guard guess guest gui guid guide gun guns ha hab habit hack had hair hal half hall ham han hand handle
handler handles hands hang happy har hard hardware has hash hat have haven having hay hd he head headed
header headers heading heads health healthy heap hear heard heart heat heavy height hel held hell help
helper hem her here hero hes het hex hi hidden hide high highest him hint hip hire his hist histor history
hit hits ho hold holder holding holds hole holes holiday hom home homes hon hook hop hope hor horizontal
horn horse hospital host hosts hot hotel hour hours house houses housing hover how hp hr href html http
https hub huge hum human hung hunt hus hv hy hydro hyp hyper iOS iPad iPhone iT ib ic ice ich icon id ide
idea ideal ideas ident identification identified identifier identify identity ids idx if ig ign ignore
ignored ih ii ik il ill illegal illustr im imag image images img imm imp impact impl implement
implementation implemented implements implicit import important imports in inc inch incident incl include
included includes including income incoming incorrect incre increase increment ind inde indent index
indexPath indic indicator indices individual industry ine inf info inform information ing ingredients ini
init initWith initial initialize initialized inject inline inn inner input inputs ins insert inside inst
install installed instance instances instant instead institution instr instruction instructions instrument
insurance int integer integr integration intel intelligence intent inter interaction interactive interest
interested interesting interface intern internal international internet interpre interpret interrupt
intersection interval into intr intro inv invalid inventory invest investment invite invoke io ip ir iron is
isEqual isol iss isset issue issued issues ist it item items iter iteration iterator its iv iz jQuery ja jak
jam jav java javax jaw je jer jest jet jo job jobs join joined joint jour journal joy js json ju jud judge
jug jump jun jur jury just ka kan ke keep keeping kept kernel key keyboard keys keyword keywords kg ki kick
kid kids kil kill kind king kit kl km kn know knowledge known ko kom kon kont kt kv kwargs la lab label
labels lag lake lambda land landing lands landscape lane lang language languages larg large las last
lastName lat late later latest latitude launch law laws lay layer layers layout lazy lb lbl le lead leader
leaders leading leads leaf league lean learn learning least leave lect led left leg legacy legal legend legs
lemma len length les less lesson lessons let lets letter letters lev level levels lex lhs li lib libraries
library lic license licensed licenses lie lies life lifetime lift light lights lik like liked likely likes
lim limit limited limits lin line linear lines link linked links lip liqu list lista listed listen listener
listening listing lists lit liter little liv live living ll lo load loaded loader loading loads loan lobby
loc local localStorage locale located location locations lock locked log logged logger logging logic logical
login logo logout logs lon long longitude look looking looks lookup loop los lose losing loss lost lot lots
loud love low lower lp ls lst lua luck lung lux ly lying ma mac mach machine macro mad made mag magic mai
mail main maint maintenance major make makes making mal male malloc man manager mand many map mapping maps
mar margin mark marked marker market marks mas mask mass massage mast master mat match matched matches
matching material math matrix matter max may maybe mb mc md me mean med media median medicine medium meg mel
mem member members memo memory men mens ment mental mention menu mer merc mere merge mes mesh mess message
messages met meta metadata metal meth method metric metrics mg mi mic micro mid middle might migration mil
mile mill million min mind mine mini mir mirror mis miss missing mission mist mit mix mixed ml mm mo mob
mobile mock mod modal mode model modes module mol mom moment mon money mongoose monitor mont month moon mor
more mort mos most mot mother motion motor mount mouse mouth mov move moved movement moves movie movies
moving mp mr ms msg mt mu much mul mult multi multip multiple mur mus music must mut mx my mys mysql mysqli
na nam name named names namespace nan nas nat nation national native natural nature nav navigate navigation
nb nd ne near necessary neck need needed needs neg negative neighbor neighbors net network neutral never new
news next ng nh ni nic nice nick nie night nil nin nine nl nn no nob noch nod node nodes noise nom nombre
nome non none nor norm normal north nos not note notes notify nov now np nr ns nu null num number numer
numpy nums nut ny ob obj object objective objects obs observ observation observer oc occ occasion occup och
oct od odd oder of off offer offers office official offset often og oh oil ok okay ol old older om on
onChange onClick once onclick one ones online only ont onto op opacity open opened opening opens oper
operate operation operations operator operators opp opt optim option optional options opts or oral orange
ord order ordered ordering orders ordinary ore org organ organic organisation organization organizations
organized orient orig origin original os ot other others otherwise ou ought our ours out outcome outer
outline output outputs outside over overall overflow override overs ow own owned owner owners ownership ox
pa pace pack package packages packed packet pad padding pag page pageSize pages paid pain paint pair pairs
pal pan panel panels panic paper papers par para paragraph parallel param parameter parameters params parent
parents park pars parse parseInt parsed parser part partial participants particle particles particularly
partition partner partners parts party pas pass passed passes password past pat patch path paths patient
pattern pause pay payload payment pb pc pd pdf pe peace peak ped peer pel pen pending pent people per
percent percentage perf perfect perform performance perhaps period perm permission permissions permit pers
persist person pert pes pet pg ph phase phen phi phil phone phones phot photo photos phrase phys physical
physics pi pic pick picked pickle pics picture pictures pid pie piece pieces pill pin pink pipe pipeline pit
pitch pixel pixels pizza pk pl place placed placeholder placement places plain plan plane planet plans plant
plants plate platform play played player players playing plays ple please plot plt plug plugin plugins plus
pm po pod point pointer points pol policy poll poly pool pop popup por porn porno port portfolio portion
ports pos pose posit position positions positive poss possible post posted poster posting posts pot pour pow
power powered powers pp pr practice pre prec preced precision pred predict pref prefer preferences preferred
prefix preg premium prep prepare prepared pres present presentation preserve press pressed pret pretty prev
prevent preview previous pri price prices pricing prim primary prime principal print printed printer printf
printing println prior priority priv privacy private pro prob probe problem problems proc procedure process
processed processing processor prod produ produce producer product production products prof profile profiles
profit profits program programming programs progress proj project projection projects prom promise prompt
pron proof prop proper properties property proposal propri props prot protect protected protein proto
protocol prov prove proved provide provided provider providers province prox proxy ps psych pt pthread ptr
pu pub public publication publish published publisher pull pun pur purchase pure purpose push put puts px py
python qu qual qualified quality quant quantity quarter que queries query quest question questions queue qui
quick quiet quit quite quote quotes ra rac race racial rad radi radio radius rag rail rain rais raise raised
raising ram ran rand random range ranges rank rap rape rapid rat rate rated rates rather rating ratings
ratio raw ray rb rc rd re reach react reaction read reader reading reads ready real really realm rear reason
reb rec recall rece receipt receive received receiver recent recommend recommended record recover rect red
redirect redis reduce ref refer reference references refresh refund reg reject rejected rel related relation
relations release released relevant reload rem remain remark remember remove removed ren rend render rent
rep repair repeat replace replacement reply repo report reported reports repository represent representation
req requ request requests require required requires res research reserve reset resize resolution resolve
resource resources resp respect rest restart restore restrict restricted restriction resume ret retain
retrieve retry return returned rev reve reveal reverse review reviews revolution reward rewrite rg rgb rh
rhs rib rice rich rid ride riding rig right rights ring ris rise rising risk rit river rm ro road roads rob
robot rock rod rol role roles roll rolled rolling rom roof room rooms root roots rose rot rotate rotation
rough round rounded route router routes routine row rows rs rt ru rub rule rules rum run runner running runs
runtime rush rv rx sa sad safe said sal salary sale sales salt sam same sample samples san sand sans sat sav
save saved saving say says sb sc scala scalar scale scan scanf scar scene sch sched schedule scheduled
schema scheme school scient scope score scores scr scratch screen screens script scripts scroll sd se sea
search seat sec secret section sections sector secure security sed see seed seen seg segment sein sel select
selection self sell selling sem semi sen send sender sending sense sensor sent sentence sep seq sequ ser
serial serializer series serv serve server servers service services ses sess session sessions set sets sett
setting settings seven sex sexo sf sh sha shall shape share she sheet shell shift ship ships shit shoot shop
short shot shots show shr si sid side sie sig sigma sign signal signed sil silent silver sim similar simp
simple simulation sin since sing single sink sit site sites six size sizes sk skill skills skin skip sky sl
sleep slice slide slider slot slots slow sm small smart sn snap snapshot snow so soc social sock socket soft
software sol sold sole solid solution solve som some something sometimes son song songs sono soon sorry sort
sorted sound sounds soup source sources south sp space spaces span spark spawn spe speaker spec special
species specific specified spect speech speed spell spent spin spir spirit spl split spo sport sports spot
spr spread spring sprintf sprite spy sq sql sqrt squ square sr src ss st stable star stat status std ste
steam stem step ster stick stim stone stop str stre stri string strip sty su sub subs succ success such
suffix suggest suit suite sum summer sun sup super supplier supply support supported sur sure surf surface
survey sus sv sw swap sweet swing switch sword sy sym symbol symbols syn sync syntax sys system systems sz
ta tab table tableView tables tabs tag tags tail take taken takes taking tal talk tan tank tap tape tar
target task tasks tax tb tbl tc td te tea teacher team tech teen tel tele tell tem temp temperature template
templates temporary ten tensor tent ter term terr terror test tested testing tests text tf th than that the
them then ther there they thin this thr thread thus ti tick ticket tickets tid tie ties tight til tile tiles
tim time timer times timestamp timing tiny tip tipo tips tit title titles tk tm tmp to tod today todo todos
tog toggle tok token tokens tom ton tone tons too took tool tools top topic tor torch tot total touch tour
tournament tout tower town toy tp tr tra trace track trad trade trail train trait trans transition tre tree
trees tri trial triangle trib tries trim trip tro trust try trying ts tt tu tube tuple tur turn tutorial tv
tw tweet twitter two tx txt ty typ type types ub ui uid uint uk ul ult ultimate um uma un una unable unc und
undefined under une unexpected uniform union unique unit units unittest universal unknown unless unlikely
unlock unn uns unsafe unset unsigned unt unter until unused up update updated updates updating upgrade
upload upon upper ur urban uri url us usage use useState used user userId userName username users uses using
usize usual usually usuario ut utf util utility utils utter uuid va vac val valid validate validation valor
value values van var vari variable variant vars vary ve vec vector veget veh vel ven vent ver verb vers vert
very vez vi via vice victim vid video videos vie view viewModel views vig viol vir virt virtual vis visible
vision visit visited visitor visual vit vm vo voice void vol volatile volt volume von voor vor vote votes
vous vs wa wait wake walk walking wall wallet walls want wanted war warm warn warning warnings was wash
watch water waters wave waves way ways we weak wealth weapon weapons wear weather web website wed week
weekly weeks weigh weight weights wel welcome well went wer were west wh what whatever wheel when where
whether which while white who whole whose why wid wide widget width wie wife wild will win wind window
windows wine wing winner wins winter wire wis wish with withdraw within without woman women won wood wor
word words work worked worker workers working works world worth would wp wr wrap wrapped wrapper write
writer writers writes writing written wrong ws www wx wy xml xs xx xxx ya yang yard yards ye yeah year years
yellow yes yet yield yii you your yy za ze zero zeros zip zo zone zoom zu
""".split()
)

TWO = frozenset(
    """
ADVISED AIDS APIs ARISING AUTHOR AUTHORS Abbott Abd Aber Ability Abraham Abu Abuse Acad Academic Accept
Accessories Accounting Accounts Ach ActionListener ActivatedRoute ActiveRecord Adams Adrian Advent Advis
Affairs Affero Affordable Afghan Afr African Against Agreement Agricult Ahmed Aid Airlines Airport Alabama
Alaska Alb Alberta Alcohol Ald AlertDialog Alexand Alexander Alfred Allah Alliance Alternative Alternatively
Alzheimer Amanda Amateur Amazing Amazon Ambassador Amendment America Americans Amsterdam Analyst Ancient
Anda Andrea Ange Angel Angela Angels Angular Annual Anonymous Anthony Anti Anton Antonio AnyObject Anyone
Anything Anyway Apache AppCompatActivity AppRoutingModule ApplicationController Applied April Arab Arabic
Architect Architecture Archives Arctic ArgumentException ArgumentNullException Ari Arizona Arkansas Armed
Armen Armor Arms Armstrong Army Arnold Arrange Arrow Arsenal Arthur Article Articles Artist Arts Ashley
Assad Assert Assessment Assign Assignment Assistant Associ Astr Atlanta Atlantic Atlas Attorney Aub Auction
Audi August Aur Aust Austral Austria AuthService Authentication Authority Authorization Authors Automatic
Available Avatar Ave Avengers Avenue Awake Awards Awesome BAS BBQ BET BJP BLACK BUSINESS BUT Bab Bach
BadRequest Bailey Bak Baker Bald Balt Baltimore Bangladesh Banks Bapt Barack Barbara Barcelona Barn Barr
Barry Bart Baseball Bash Basically Bass Bast Bath Bathroom Batman Batt Beach Bearing Bears Beast Beaut
Beautiful Beauty Bec Beck Bedroom Bee Beg Behavior Behind Beijing Belg Belgium Belt Bench Benefits Beng
Benjamin Benn Bent Bere Berg Berkeley Berlin Bernard Bernie Besides Bever Bew Bib Bible Biden Bike Bil Bild
Bills Biology Bir Birmingham Bis Bishop Bitcoin Blade Blair Ble Bless Bloom Bloomberg Blu Blues Boat Bobby
Bod Boeing Bog Boiler Bol Boots Bor BorderRadius Bos Bott Bou Bour Bowl BoxDecoration Boys Bra Bradley Brady
Branch Brandon Brasil Brazilian Breakfast Bren Brend Brett Brew Brexit Brick Brid Brig Bris Bristol Britain
British Broadway Broncos Bronze Brook Brooklyn Brooks Bros Brother Brothers Brow BrowserModule Bruce
Brussels Bry Bryan Buch Buck Bud Budd Buffalo Buffered BufferedReader Building Bul Bulg Bull Bulls Bund
Bureau Burg Butler Butter ByVal CAUSED CGFloat CGPoint CGRect CGSize CIA COMMAND CONDITIONS CONNECTION CONTR
CONTRACT COOKIE COPYING COPYRIGHT COVID CType CURLOPT Cabin Cabinet Cable Cafe Calcul Calculator Calgary
Calif California Cambridge Cameron Campbell Campus Canada Canadian Canadians CancellationToken Cancer Cann
Cant Capacity Cape Capital Capitol Captain Cardinals Career Caribbean Carlos Carm Carn Carol Carolina Carr
Carson Carter Casey Casino Cass Catal Cath Catherine Catholic Celebr Celt Census Centers Century Cer
Certified Chad Chairman Cham Chamber Champion Champions Championship Chang Chaos Chap Charg Charl Chase
CheckBox Checks Cheese Chef Chemical Chemistry Chen Cherry Chest Chevrolet Chiefs Children Chile Choice
Choose Chris Christian Christians Christie Christmas Christopher Chrom Chronicle Cialis Cin Cincinnati Cir
Circ Circuit Citizens Claire Clarke Clay Cle Clem Cler Cleveland Clinic Clinical Coach Coal Coast Cock Cohen
Colin College Collins Colomb Colour Colum Columbia Comedy Comey Comics CommandType Commander Commissioner
Committee CommonModule Commons Commonwealth Communications Communist Competition ComponentFixture Concurrent
Condition Conditions Confeder Congress Connecticut Conserv Conservation Conservative Consider Constitution
Consult Contributors Converts Cooper Coordinate Coordinator Copper Corbyn Cord Corner Corpor Corporate Corps
Cort Costa Cotton Coun Counsel Covid Cowboys Cox Cra Craw Creates Creek Crew Crime Criminal Crist Croat
CrossAxisAlignment Crown Cru Crush Crusher Crushing Cruz Cry Crystal Cub Cuba Cul Cult Cultural CultureInfo
Cup Curt Customers Customs Cyber Czech DAM DAMAGE DEAL DEBUG DECL DELETE DESCRIPTION DEVICE DISCLAIM DIY DLC
DOWNLOAD Dad Dak Dale Dame Dance Danish Darwin DataGridView DataSet DataSource DataTable DataType DataTypes
DateTime Dav Daw Dawn DbSet Deal Deals Death Deb Debug December Decision Deck Decl Declaration Decor Deep
Defaults Defence Defense Define Defines Definition Delaware Delegate Delete Delhi Dell Democr Democrat
Democratic Democrats Denmark Dennis Dense Dent Denver Depart Department Depending Depth Deputy Derek Desert
Designer Designs Despite Determine Deutsch DevComponents DevExpress Develop Developer Development Devices
Devil Diagram DialogResult Diana Diego Diet Dimensions Din Dining Dipl Directors Discord Discount Discover
Discovery Discussion Dise Disease Disney Dispatch Dispose Distributed Divine Division Docker Doctor Doctrine
Documentation Documents Dodge Dogs Doing Dol Doll Dollar Dor Douglas Dow Downtown Drake Dress Drew Drivers
Drum Drupal Dubai Dublin Duke Dumpster Dun Duncan Dust Dut Dutch Duty Dylan Dynam EPA EVEN EVERY EXEMPLARY
EXISTS EXPRESS Eag Eagle Early Easter Eastern Eclipse Econ Economic Economics Economy Eddie EdgeInsets
Edinburgh Edward Edwards Egg Egyptian Eld Elder Election Electrical Electronic Electronics Elementary Eli
Elizabeth Elle Ellis Emergency Emperor Empire Employees Employment Enforcement Engineer Engineering England
English Entertainment Epic Episode Erd Erf Erik Escort Especially Essay Establish Estado Estate Ethernet
Ethi Eug Europa Evan Evans Eve EventEmitter Everyone Everything Evil Evolution Exhib Eyes FBI FCC FIFA
FITNESS FIXME Facts Faculty Faith Falcon Falls Fam Fame Fantasy February Feder Federation Feedback Fellow
Fem Fen Feng Fer Ferguson Fern Ferr Fest Festival Fib Fiction Fif Fifth Fighter FileInputStream
FileOutputStream FileReader Filip Films Finals Financial Finland Finn Firefox Firm Fisher Fitz Flask Fleet
Flor Florida Flower Flynn Fol Following FontWeight Foods Football Forces Foreign Forex FormBuilder
FormsModule Fortunately Fortune Forums Foster Fourth Franc Frances Franco Franklin Freder Freedom Frequ
Fried Fro Frost Fruit Funk Furniture Furthermore Fusion Fut GDP GLFW GOODS GTX Gabriel Galaxy Gall Gaming
Gand Gang Garage Garc Gard Garden Gates Gaz Gaza GeForce Geb Gecko Gel Generally Genesis Geneva Genre Gent
Geometry Georg George Georgia Germ Germany Ges Gesch GetAll Gew Giant Giants Gib Gig Gilbert Gill Girls
GitHub Glas Glen Glenn Glo Globe GmbH Goal Gods Going Golden Golf Gonz Gordon Gospel Goth Governor Gra
Graduate Graham Grande GraphQL Grass Grat Gratis Gree Greece Greens Gregory Gren Griff Griffin Grinding
Gross Grove Growth Gson Guar Guardian Gulf Gym HBO HDMI HIV HOLD HOWEVER Hab Hait Halloween Halo Hamas
Hamilton Hammer Hamp Hann Hans Happ Harbor Harmon Harper Harr Harris Harrison Hart Harvard Harvey HashMap
HashSet Hass Haven Haw Hawai Hawaii Healthcare Heaven Hebrew Heights Helen Hem Hence Hend Henry Herald
Heritage Herm Hern Heroes Herr Higher Highway Hil Hill Hills Him Hind Hindi Hispanic Historical Hitler Hob
Hockey Hoff Holl Holland Hollywood Holmes Holocaust HomePage Homeland Homes Honey Honor Hood Hopefully
Hopkins Horn Horse Hotels Housing However HttpClient HttpContext HttpHeaders HttpRequest HttpResponse
HttpServletResponse HttpStatus Hudson Huff Hughes Hun Hungary Hunt Hunting Hurricane Hus Hydro Hyp
IActionResult IBOutlet IDC IList INCIDENT INDIRECT INFORMATION INTERRU INTO IPT IRQ Iceland Idaho Ideas Ihr
Illegal IllegalArgumentException Illinois Illustr Immigration Impact Imper Imperial Independence
Indianapolis Indians Indicates Indones Indonesia Indust Initi InitializeComponent Initializes Initiative
Injectable Ink Inn Innovation InputStreamReader Insider Inspector Installation Instit Institute Institution
Insurance Integr Intelligence InterruptedException Investig Investment Iowa Iranian Iraqi Ire Ireland Irish
Isa Isaac Islam Islamic Island Islands Israeli Issues ItemStack Iterable Iterator Ivan JButton JLabel JOIN
JOptionPane JPanel JText JTextField Jag Jah Jahr Jahren Jama Jamie January Jared JavaScript Jaw Jazz Jedi
Jefferson Jeffrey Jen Jenkins Jenn Jeremy Jersey Jerusalem Jes Jesse Jessica Jew Jewish Jews Jimmy Jin Joel
Joh Johnny Johnson Joi Jonathan Jong Joseph Joshua Journey JsonConvert JsonResponse Julia Julian Julie
Junior Justice KIND Kab Kam Kan Kane Kap Karl Kas Kash Kath Katie Kavanaugh Kaz Kend Kennedy Kentucky Kenya
Ker Kerry KeyError Khan Kickstarter Kil Killed Kinder Kindle Kingdom Kings Kirk Kiss Kle Klein Knights Koch
Koh Kol Kong Kont Kor Kore Korea Korean Kos Kosten Kre Kumar Kun Kur Kurd Kurt LETTER LGBT LIABILITY LIABLE
LIMITED LIVE LLC LOSS LOVE Laboratory Labour Labs Lag Lakes Lam Lamb Lamp Lan Lanc Lands Lanka Lar Laser
Latino Laure Lauren Lav Lawrence Laws Lay Leaders Leak Leather Leban Lect Legacy Legends Legion Legisl
Leonard Lesser Letters Lev Lew Liberal Liberty Libya Lighting Lightning Lil Lincoln Lind Linda LinkedIn Lion
Lions Lip Lis Lith Liu Liverpool Lives Loading Loan LocalDate Located Lodge Logan LoggerFactory Looking
Lopez Louisiana Louisville Lucas Lucy Lud Luis Lum Lun Luther Lyn Lynch Lynn MAY MIL MLB MMA MPs MUST MVP
Mach Machinery Machines Mack Madd Madison Madrid Magazine Mai MainActivity MainAxisAlignment MainWindow
Maine Maj Mak Malays Malaysia Mall Manage Management Manchester Mand Manhattan Manifest Mann Manning Mans
Manual Manuel Manufact Manufacturer Maple Marco Marcus Margaret Marie Marine Marketable Marketing Mars Marsh
Marshall Martinez Marvel Marx Maryland Mason Massachusetts Mast Masters Materials Mathf Matter Matthew
Mature Maur Maximum Mayor Maz McC McCarthy McDonald McG McK McL Meanwhile Measure Meat Mechan Medal
MediaQuery Medic Medicaid Medical Medicare Medicine Meet Meeting Mega Melbourne Membership Memorial
MemoryStream Memphis Mend Mens Mental MenuItem Mercedes Mercury MessageBox MethodInfo Methods Metropolitan
Mexican Mexico Michel Michelle Michigan Mig Might Mik Milan Mile Miles Milk Million Mills Milwaukee
Minecraft Minimum Minister Ministry Minneapolis Minnesota Minor Mint Minutes Mississippi Missouri Mist
Mitchell Mitt ModelAndView Models Modern Modi Modified Modifier Modules Mohammed Mol Monday Mong MongoDB
MonoBehaviour Monster Montana Montgomery Monthly Montreal Moore Moreover Morgan Morm Morr Morris Mort Moscow
Moses Moss Motors Mountains Mueller Muhammad Mumbai Mun Municip Murphy Murray Museum Musk Muslims MySQL
MySql Myst NAT NATO NBA NCAA NEGLIGENCE NEWS NHL NHS NOI NONINFRINGEMENT NOTICE NPR NSA NSArray NSDate
NSDictionary NSInteger NSLog NSMutable NSObject NSString NSURL NSW NUMBER NVIDIA NYC Nacional Nad Nag Nak
Nan Nancy Nap Nar Nas Nash Natal Nathan Nations Natur Naval Navbar Navy Nazi Nebraska Neck Needs Nelson Nep
Nest Netanyahu Netflix Netherlands Networks Neu Neuro Nev Nevertheless Newcastle Newsletter Newtonsoft Nexus
NgModule Nicholas Nicole Niger Nigeria Nik Nin Nissan Nixon Noah Nob Nokia Nord Norman Northeast Northern
Northwest Norway Norwegian NotImplemented Notre November Nuclear Nurs Nutrition OEM OTHERWISE Oakland Obama
Obamacare ObservableCollection Observer Obviously Occup October Officer Ohio Okay Ole Oliver Olymp Ontario
Opera Operating Operations Opport Optim Optional Orb Ore Organic Ori Orlando Orleans Ort Orthodox Oscar
Otherwise Ott Outlook Owners Oxford PAC PARTIC PDT PIL POSS PROCUREMENT PROF PROVID PST PURPOSE Pac Packers
Pain Pak Palace Palest Palestin Palestinian Palm Palmer Pam Pand Panthers Pap Papers Parad Parcel Parents
Parker Parks Parliament Particip Partners Patients Patri Patrick Patrol Patt Paulo Pav PayPal Peace Peak
Pearl Pedro Pennsylvania Pent People Perry Personal Pete Peters Peterson PhD Pharm Philadelphia Philip
Philipp Philippines Phillips Philosoph Photograph Photography Photoshop PhpStorm Pier Pierre Pil Pill Pilot
Pine Pir Pist Pit Pitt Planet Plastic Platinum PlayStation Plaza Ple Podcast Poker Poland Police Polish
Polit Political Politics Pom Pope Popular Population Portable Porter Portland Portug Portugal Potter Powder
Powell Powers Pra Pract Pradesh Prel Premier Presidential Pressure Prest Prevent Prevention Pride Princess
Princip Prison Privacy Prix Prize Probably Problems Producer Professional Professor Programming Programs
PropTypes Propel Prophet Prote Protect Protected Protection Protest Protocol Psych Publishing Puerto Pul
Pump Pun Pur Putin PyObject QLabel QList QMessageBox QStringList QVariant Qatar QtGui QtWidgets Quebec Queen
Queens Questions Quinn RCC RECE REQUIRE RESULT RPG RVA Rab Racing Radeon Raf Rah Raid Raj Ralph Rams Ran
Ranch Randy Rangers Rap Rat Rav Raven Raymond ReactDOM Reactive ReadOnly Reads Reagan Rebecca Recently
Recipe Recipes Reco Recomm Records Recovery Rectangle RecyclerView Reddit Redirect Redistribution
Redistributions Reed Reflect Reflection Reform RegExp Regardless Regex Region Regional Register Registration
Registry Regular Reid Related Relations Relationship Relative Religion Remember Remote Remove Removes
Rencontre Renderer Rental Repos Representative Representatives Represents Republican Republicans
RequestMethod Requirements Rescue Reserve Reserved Resistance Resort Respond Respons Response Restaurant
Restore Result Retrie Retrieve Retro Returns Revolution Rex Reyn Ric Rice Richard Richmond Rico Rid Ride
Ridge Rip Rise Rivers Robert Roberts Robin Robinson Roch Rodrig Rog Roh Roller Rolling Roma Rome Romney
Ronald Roose Rosen Roth Rou RoutedEventArgs RouterModule Rubio Rug Rum RuntimeError RuntimeException
RuntimeMethod Rus Rush Russell Russians Rust Ruth SAP SECTION SELECT SERVICES SHALL SIGNAL SLOT SOCK
SOFTWARE SOL SPDX SPECIAL SQLException SQLite SSD START STAT STATE STATUS STDMETHOD STRICT STRING SUBSTITUTE
SUCH SUV Sach Sacramento Saf Safari Sah Saints Sak Salv Samuel Sandy Sant Sar Sara Satan Sau Sav Saw
Scaffold Scanner Scholar Schools Schw Science Sciences Scientific Scot Scotland Scottish Seah Season Seattle
Second Secretary Securities Sed Seek Selected Senator Senior Sens Sept Sequ Sequence Serge Serializable
Serif ServletException Seth Setup Several Sexe Sexual Sexy Shader Shadow Shah Shakespeare Shanghai Shared
Shares Sharp Shaw Shel Sheriff Shi Shield Shin Shipping Shoes Shopping Shore Should Shows Sierra Signature
Silicon Silva Similarly SimpleDateFormat SimpleName Simply Singapore Singh Sized Sketch Skype Slo Snake Soc
Soccer Soci Society Sof Solutions Someone Sonic Sor Soul Southeast Southern Southwest Sov Sox Spa Spanish
Speaking Specialist Specifically Specifies Spect Spencer Spider Spiel Spotify Springs Sprint Spurs
SqlCommand SqlConnection SqlDbType SqlParameter Squ Squad Sri StObject Stack Stadium Staff Stage Stainless
Stand Standard Standing Stanford Stanley Stars Start State Statement States Static Station Statistics Stats
Stay Steel Stein Steph Stephan Stephen Steps Sterling Steve Steven Stewart Still Stock Ston Storage Store
Stores Stories Storm Story Strange Strateg Strategic Strategy Stre Stream Street Strength Strike
StringBuffer StringBuilder StringUtils Strings Strong Struct Stuart Stud Student Students Studies Studio
Studios Study Stuff Style Styles Subject Submit Subscribe Subscription Successful Successfully Sud Sullivan
Summary Summit Sund Superior Superman Supplement Supreme Surg Suz Swan Swe Sweden Swedish Swift Swiss
Switzerland Sword Sydney Symfony Synd Syria Syrian THAT THEORY THIS THREE TOD TORT TObject TRACE TRAN TRUE
Taiwan Tak Takes Tal Tall Tamil Tampa Tang Tas Tea Teaching Teams Techn Teh Telegram Telerik Television
Temple Tennessee Terminal Terms Terror Terry Tesla TestBed TestCase Testament TextBox TextInput TextStyle
Texture Thailand Thank Thanks Theater Theatre Their Theme Theory Ther Therefore Theresa These Thing Things
Think Third Thom Thomas Thompson Those Though Thought Three Through Throw Throwable Thunder Thursday Tib
Tiger Tigers Till Timber TimeSpan TimeUnit Timeout Timothy ToString Toast Tob Together Tokyo Tommy Toolbar
Topics Toronto Tournament Tow Toyota Tracker Tradable Trading Traditional Traffic Trailer Training
Transaction Transfer Transform Translate Translation Transport Trav Travel Travis Treasury Treat Trek Trend
Trev Trib Trigger Trinity Triple Troy Truck Trudeau True Trump Truth Tub Tul Tun Turk Turkey Turkish Turner
Twenty Twin Tyler TypeError Typically UFC UIB UIF UILabel UITableViewCell UITextField URLs USC USS Ubuntu
Uhr Ukr Ukraine Ultimate Understanding Universe UnsupportedOperationException Unter Until Urban Utah VER VII
Valentine Valley ValueError Valve Vancouver Vec Vector Vegas Veget Vel Ven Venez Vent Ver Verm Vers Vert
Very Veter Viagra Vic Vice Victor Victoria Victorian Vietnam ViewBag ViewGroup Vik Vill Villa Village
Vincent Virgin Visa Visibility Visit Vista Visual Vit Vitamin Viv Vlad Volk Von Vor Voy Vul WARRANT WAS WHAT
WHEN WHETHER WILL WITHOUT WWE Wade WaitFor Wales Wallace Walmart Walt Walter Wang Ward Warner Warren Warrior
Warriors Wash Watson Wayne Ways Wear Wedding Wednesday Weekly Weiss Wells Welt Wend Wes Western Wet WhatsApp
Whe Whit WiFi Wife Wii Wikipedia Wildlife William Williams Wilson Winds Wine Wing Wings Winn Wireless
Wisconsin Wish Witch WithEvents Wol Woods Wor Workshop Worth Wrest Wright XCT XCTest Xamarin Xbox Xia Yale
Yam Yan Yard Yemen Yoga Youth Zach Zealand Zeit Zhang Zimmer Zion Zoo abandon abandoned abdom abnormal
aboard abortion abroad abrupt absence absent absolutely absor absorb absorption absurd abund abundance abuse
abused abusive academy acceler accelerate acceleration acceptance accepting accepts accessed accessibility
accessing accessor accessories accessory accident accidentally accidents accommod accommodation accompanied
accompany accompl accord accordingly accountability accountable accounted accounting accred accumulated
accumulation accurate accurately accus accused achieve achieved achievements achieving acids acknow
acknowled acknowledge acoustic acqu acquire acquired acquiring acquisition acres across actionPerformed
activist activists actress adalah adap adaptation adapted addCriterion addObject addSubview addict addiction
addition additionally additions addressed addressing adequ adequate adher adip adjacent adjustable adjusting
adjustment adjustments administer administrative administrators admission admit admits admitted adoles
adopted adoption adorable adul adults advances advancing advant advantage advantages advent adventure advers
adverse advertis advertising advice advis advise advised advoc advocate aer aerial aest aesthetic affair
affairs affect affection affects affili affiliated affirm afford affordable afore afraid africa aftermath
afternoon afterwards against agencies aggrav aggreg aggress aggression aggressive agre agreed agreeing
agreement agreements agrees aide aimed aiming ainda ainsi aircraft airline airplane airports albeit albums
alcohol algorithms algun aliens alignItems alike aliment aliqu alleg allerg allev alliance allies allowNull
allowance allowing alongside alors altered alternate alternative alternatives altogether alum aluminum
amateur amazed amazing ambassador ambit ambition ambitious amend amended amendment amenities american amet
amid amino amongst amor amounts ampl amplitude analog analys analyses analyst analysts analytical analyzed
analyzing anarch ancest ancient andere anderen androidx angry animator ankle anniversary announc announced
announcements announcing annoy annually annunci anom anonym antagon antenna anterior anthrop antib anticip
antioxid anxiety anxious anybody anyone anytime anyway anywhere apart apartment aplic apolog apology apost
appBar appar apparent apparently appeal appealing appeals appearances appeared appearing appears appet
apples appliances applic applicable applicants applied applies applying appointments apprec apprent approach
approached approaches approaching appropriately approval approved approximate approximately aqui arbit
arbitrary archae architect argparse arguably argue argued argues arguing arise arising arithmetic army arom
arquivo arrang arrange arranged arrangement arrayOf arrest arrive arrived arrives arriving arrog arrows
artifacts artificial artistic artwork asian asked asleep aspects asphalt aspir assass assault assembled
assertNotNull assertThat asserting assertion assess assessed assim assistance assisted assists assms
associates associations assum assumed assumes assumption assurance assure assured astronom asylum
asynchronous asyncio atau athletes athletic atmos attacked attacker attackers attacking attain attempted
attempting attempts attendees attending attitude attitudes attorney attorneys attract attracted attraction
attractions attractive attributed atual auch audience audiences aument aussi authentic authorities autism
autof automated automatically automobile automotive autonomous autres autumn avant averaged averaging
aviation avoided avoiding avoir awaiting awake awaken awarded awards awareness awful awkward babe babies
backdrop backed backgrounds backing backpack backwards backyard bacon bacter bacteria bacterial badly bail
baise bake baked baking balanced balances balancing balcon ballot banana bandwidth banking bankrupt
bankruptcy banned bapt barely barg barn barr barrel barrels barrier barriers baseball basement basically
basics basketball bass batches bath bathroom bats batt batter battlefield battles bbw bdsm beach beaches
bearings bears beast beaten beating beats beaut beautifully beauty became become becomes becoming bedroom
bedrooms beds beef beers bees beforeEach began beginning begins begun behalf behave behavior behaviors
behaviour behind beim beings belie belief beliefs believe believed believes believing belle belly belong
belongs beloved bem bend bene benefici beneficial benefit benefits bent berlin besch beside besides beste
betray bets betting beverage bey beyond bez bgcolor bibli bicycle bids bien bigger biggest bik bikes billion
billions bills bindings biological biom bip birds bisa bitch bitter bizarre blacks blades blame blamed
blanket bleeding bless blew bloc blockchain blogger blogging blond blonde bloody blow blowing blown blows
blues boasts bod bodies bog boil boiler bom bombing bombs bondage bonds bonuses boobs booked booth boots
bord borderColor borderRadius borderWidth borders bore bored boring borrowed bosses bother bott bottle bou
bought boundaries bowl boyfriend bracket brackets brake brakes branding brass brave breach breakdown
breakfast breaking breaks breakthrough breast breasts breat breath breathing breed breeding breeze bri bride
bridges briefing briefly brill bringing brings broad broader broke brokers bronze broth brother brothers
brought brows browsers browsing brun brut bubbles buck budd buddy budgets buildings builds bullets bullying
bump bun bunch bund bunk burden bure bureau buried burned burning burns buses bush businesses bust busy
butter buyer buyers buying bypass cabin cabinet cable cables cada cafe cage calcium calculated calculating
calculation calculations calibration callable callbacks calm calories camb cameras campaigns camping camps
campus canada canal cancelButton canceled cancell cancellation cancelled cancer cand candid candle candy
cann canon canonical cans capabilities capability capable capac capacity capital captain captured captures
capturing caracter carb carbohydr cardio cared career careers careful carefully cares caring carn carp
carpet carried carrier carriers carries carro carrying cartoon casa casino casinos caso cass casual cata
catal catches catching categor cater cath cattle caus caused causes causing caut caution cave cease ceiling
cela celebr celebrate celebrities cellFor cellpadding cellspacing cellular cement censor census centered
centr centres centro centuries century ceramic cerca cere ceremon ceremony certain certainty certificates
certification certified cet cette chairman chairs chall challeng challenges cham chamber champ champion
champions championship chance chances chaos chapters chaque characteristic characteristics characterized
charity charming charter chase chasing chassis cheaper cheapest cheat cheating cheek cheer chees cheese
chemicals cherry chess chew chick chicken childhood chill chim chips chocolate chooses choosing chopped
chord chose chronic chuck churches cialis cig cigaret cinema circles circuit circuits circular circulation
circum cited citing citiz citizen citizens ciudad civ civic civilian civilization claimed claiming clan
clarify clarity clash classe classical classroom clay cleaned cleaner cleaning cleans clearInterval
clearance cleared clearfix clearing clearly clerk clever clicked clicking clicks cliff clim climb clinic
clinical clinics clips clos closer closes closet clothes clothing clouds clue clues clutch cmap coaches
coaching coalition coast coating cocaine cocktail coconut coefficient coefficients coff cogn cognitive
cohort coinc collabor collaps collar colle colleague collected collecting collectionView collective
collectively collector colleg colonial colony colorWith colored colorful coloring colours colspan
combination combinations combined combines combining combust comedy coment comfortable comfortably comics
commander comme commem commentary commented commenting commissioned commissioner commitment commitments
commits committees committing commod commodity commonly commun communicate communicating communications
communities companion companions compar comparable compared compares comparing compart compartment
compassion compatibility compelling compens compensation compete competent competing competitions
competitive competitor competitors compilation compl complain complaint comple complement complet completely
complexity compliance complicated complications comply componentDid componentWill compos compounds compr
compreh comprehensive comprises comprising comprom compromise compte computation computers computing comun
concaten conce conced concent concentration conception concepts conceptual concern conclude concluded
concludes conclusion conclusions concrete concurrent condem conditioning condo condom conducted conducting
conferences confident confidential configurable configurations confined confirms conflic conflict conflicts
conform confront confused confusing confusion congest congr congress conjunction connectivity connects conoc
conqu consc conscience consciousness conse consec consect consecutive consensus consent consequ consequence
consequences conserv conservation conservative conservatives considerable considerably consideration
considerations considered considering considers consist consisted consistency consisting consists consolid
conspir conspiracy constantly constit constitu constitutional constr consultant consultation consulting
consumed consumers consuming consumption conta contacted containing containment contamin contempl
contemporary contempt conting continu continually continuation continued continues continuing continuous
continuously contour contrace contractor contractors contrad contrary contrast contribute contributed
contributes contributing contribution contributions contributor contributors controlling controvers conven
convenience convenient convent convention conventional conventions conver convers conversations converting
converts convey convicted conviction convin convinc convince cooked cooking cooler cooling cooper
cooperation coordin coordination coordinator copied copper cops copying corner corners coron corpor
corporate corps corpus corre corrected correction correctly correl correlation correspond corrid corros
corrupt corruption cort cosmetic costly costs costume costumes cottage cotton couch cough couldn coun
council counsel counted counterpart counterparts counters counties counting countless coup couple coupled
couples coupons courage cours courtesy courts cous cows cozy cra crack cracked cracks crafting crafts crash
crashed crashes crashing craw crazy createState creates creativity creators creatures credibility credible
credited creep cref crews cricket cried crime crimes criminals crisis crisp criterion critic critically
criticism critics critique crops crore crossAxisAlignment crossed crossing crossorigin crowd crowded crowds
crown cru cruc crude cruise crunch crush crushed crusher crushing crust crying cryptoc cryptocurrency cryst
crystal csrf cual cuando cub cubic cuenta cui cuis cuisine cultiv cultural cultures cumulative cups curb
cure curiosity curious currencies curriculum curs curse curt curves cush custody customers customize
customized customs cute cutoff cutting cyber cyc cycling cyl cylinder daemon dagger dairy dalam damaged
damages damaging damer damit damn damp dancing dangerous dangers dann dans dapat dare dari darker darkness
dass dataGridView dataIndex dataSource dataType databases dataframe dateTime datings daughter daughters dav
dawn deadline deadly deal dealer dealers dealing deals dealt dear death deaths debate debates debe debit
debris debt debts debug debut decade decades decay dece deceased decent decentral decide decided decides
deciding decis decision decisions deck decks decl declar declaration declarations declare declared decline
decode decoded decoder decom decor decoration decorative decre decrypt dedicated dedication deduct deduction
deemed deep deeper defaultValue defaultdict defaults defe defeat defeated defect defence defend defendant
defendants defended defender defenders defending defense defenses defensive defer deferred deficit defin
define defines defining definit definite definitely definition degrees dei dej delayed delays deleg delegate
delegates delegation delet delete deleted deleting deletion deliber delicate delicious delight delighted
delimiter deliver delivered delivering delivers dell della delle demanded demanding demands democr democracy
democratic demographic demol demon demons dengan denial denied dental dentro denying depart department
dependence dependencies dependent depending depends depict depicted deploy deployment deport depos deposit
depot depr deprecated depress depressed depression dept depth depths deputy deque deriv derivative derive
derived dern desar descending descent descri describe described describes describing descriptions descriptor
desde deserialize desert deserve deserved deserves designated designation designed designer designers
designing designs desirable desire desired desires desp desper desperate despite dessert destinations
destroyed destroying destruction destructive detached detailed detailing detain detained detected detection
detective detector detention deter determin determination determine determined detr deux devast deve develop
developer development deviation devices devoted deze diabetes diag diagn diagnosis diagnostic diagonal
diagram dial dialect dialogue diam diameter dias dib dich dick dictator didReceiveMemoryWarning didn died
dies diese diesel dietary diets difer differ differences differential differs difficult difficulty digging
dign dil dildo dile dilig dimensions dining dinner dioxide dip dipl directed directing directions directive
directly directories directors dirname dirt disabilities disability disabled disadv disag disagree disap
disappe disappear disappeared disappoint disappointed disappointment disaster discarded discern discharge
discipl discipline disclaimer disclose disclosed disclosure discomfort disconnect disconnected discontin
discord discount discounts discour discourse discover discovered discovering discovery discre discret
discrete discretion discrim discuss discussed discusses discussion discussions dise disease disg disgr disgu
dishes dismiss disorder disorders dispar dispatch dispens displ displacement displayName displayed
displaying displays dispon disposable disposal dispose disposed disposing disposition dispro disput dispute
disreg disrupt disruption diss disse distances distant distinct distinction distingu distinguish
distinguished distr distress distrib distribute distributions distributor districts distur disturb dive
diver divers divert divid divide divided divine diving division divisions divor divorce diz dla doctor
doctors doctrine documentary documentation documented documents dod doesn doesnt doing doit dok dol dollar
dollars dolor domains domestic domin dominance dominant dominate dominated donate donated donation donations
donc donde donn donna donne donor donors doors dop dorm dose doses dou doub doubles dough downloaded
downloading downloads downs downt downtown downward dozen dozens drafted dragged dragging drain dram drama
drawings drawn draws dread dreams dressed dresses dressing drew dried drift drill drilling drinking drinks
driv driven drivers drives driving drone drones dropout dropped dropping drought drove drugs drum drunk
drying dual dub dude dug dull dumb dumpster dungeon duo duplic duplicates durability durable durante durch
dust dut duty dwell dying dynam dynamics dys eBay eager earlier earliest earnings earthqu earthquake eas
easier easily easing eastern eaten ebook econ econom economics economy editorial editors educate educated
education educational efect effectively effectiveness effic efficiency efficient effort efforts eggs egy eig
eigen eighth eine einem einen einer eines einf elabor elbow elderly elected elections electoral electr
electrical electricity electro electronic electronics eleg elegant elementary elemento elev elevation
elevator eleven eligibility eligible elimin eliminate eliminated eliminating elimination elit elsewhere
embarrass embassy embod embrace embraced embry emerg emerge emerged emerging emission emissions emot
emotional emotionally emotions empath emph emphas empir empire empirical employers empower enables enabling
enacted encaps enclosed encompass encontr encore encount encounter encounters encour encourage enctype
encuent endanger endless endorse endorsed endpoints endure enemies energ energetic enf enforce enforced
enforcement engaged engagement engaging engineer engineered engineers engines enhance enhanced enhancement
enjo enjoy enlarg enlight enorm enough enrich enrolled enrollment ensures ensuring entering enterprises
enters entert entertain entertainment enthus entire entitled entrance entreprene entrepreneur enumerable
enumerate envelope environmental enzym epic epid episodes equally equation equations equipped equity equival
equivalent erect erf erotic erotici erotik erotische erotisk erst erupt escol escorts eskort eskorte espa
espec especial essays essence essentially essere established establishing establishment estim estimates
estimation estos eternal ethics etwas euro europe euros evac evalu evaluated evaluating evangel evening
evenly eventdata eventual eventually everybody everyday everyone everything everywhere evid evidence
evolution evolve evolved evolving exactly exagger examination examine examined examining exams excav exceed
exceeded excell excellent exceptional excer excess excessive exchanges excit excited exciting excluded
exclus exclusion excuse execut executed executing executive exem exempl exempt exemption exerc exercises
exert exhaust exhib exhibit exhibition existe existed exiting exits exotic expanding expans expansion
expectation expectations expecting exped expend expensive exper experi experienced experiences experiments
expertise experts explained explaining explains explan explanation explicitly exploded exploit exploitation
exploration explore explored explores exploring explos explosion exponent exported expose exposed exposure
expressed expressing expressions extending extensive extensively exterior extracted extraction extraordinary
extrem extreme extremely eyeb fabulous faced facial facilit facilities facility facing factories factors
faculty failing failures faint faire fairly fairy faith fallen falling fals fam fame famil familiar families
famous fancy fantas fantastic fantasy farmer farmers farming farms farther fasc fashion faster fastest fate
fathers fatigue fatty favorable favored favour favourite faz fazer fear feared fears feas featured featuring
feder federal feedback feeding feeds feeling feelings feels fees feet fellow felony fem females femin femme
fence fert fertil festival festivals fet fetched fetching fever fewer fich fichier ficken fictional fier
fierce fif fifth fifty fighters fighting fights figured filed filenames filing fille filling filme filmed
filming filmm films filtering finale finals financ finances financial financing finden findings finds fines
finest fing fingerprint fingers finishes finishing firearm firearms fired firefight fireplace firing firmly
firms firmware fis fiscal fishing fist fitted fitting fixes fixing fixtures flagship flame flames flask
flatten flav flavor flavors flaw flaws fle fled flee flesh flew flexDirection flexibility flexible flick
flights flood flooding flooring floors floral flour flowers flowing flows fluct fluid flying foam foc focal
focuses focusing fog foi folding folks followed followers following follows fonction fond fontFamily fool
footage footprint fopen forKey forState forbidden forecast foreground foreign foremost forests forever forex
forgive forgotten formal formally formatting formerly forthcoming fortunate fortune forty forwards foss
fossil fost foster fot fotos fought foul foundations founded founder founding fourth fract fragile fragments
fran franc franca franch franchise frank frau fraud frauen freak freed freedom freel freely freezing freight
french frequ frequencies frequent frequently freshman fri friction fridge friendship fright fro frontend
frost frozen fruits frustr fucked fucking fue fuels fuer fulfill fulfilled funcion funct functionality
functioning fundament fundamental funded funding fundra fundraising funds funeral funny furn furnished
furniture further fut futures gad gag gained gaining gains galaxy gall galleries gambling gameplay gamers
gaming gangbang ganz gaps garage garant garbage garden gardens garlic gases gasoline gates gathered
gathering gauge gave gaze gchar gebru gef gegen geht geile geld generally generates generating generations
generators generous genetic genius gente gentle gently genu genuine geographic german gez giant giants gibt
gifts gig ginger gir girlfriend girls gives giving glVertex glad glam glance glasses glo globally globe
glorious glory gloss glow gluc glucose glue glut gluten gods goes gol golden golf gonna goodness gospel
gotta gotten gover govern grabbed grace gradu gradually graduated graduates graduation grain grains grande
grandes grandfather grandmother granite granted grants grasp grat grateful gratitude gravel greatest greatly
greenhouse greet greeting grew gri grief grill grind grinder grinding grip grit grocery groom gros grosse
grote grounded grounds grouped growing grows grup gsl gson guar guessed guests guidance guided guidelines
guides guilt guilty guitar gum gust gut guy guys gym habe haben habitat habits hace hacer hackers hacking
hadn halfway handed handful handleChange handleSubmit handled handlers handling handsome handy hanging happ
happen happiness harass hardcore harder hardest hardly harm harmon harmony harness harsh harvest hasattr
hasn hass hast hasta hatch hate hated hatred hats hatte hav haz hazard headlines headphones headquarters
heal healing healthcare healthier hearing hearings hearts heated heater heating heav heaven heavier hebben
hedge heeft heights helicopt helicopter helmet helped helpful helping helps hemp hence hentai herb herbs
hereby herein heritage heroin hers hesitate heter hiding hier hierarchy higher highlight highlights highly
highway hij hike hiking hilar hills himself hipp hired hiring histogram historian historic historical
historically hitting hobby hockey hogy holidays hollow holy homeless homemade homeowners hometown homework
homic homme homosex homosexual honest honestly honey honor honored honour hooked hoped hopeful hopefully
hopes hoping horas horizon horm horny horr horrible horror horses hose hosp hosted hostile hosting hotels
hott hous household households however htmlFor hug hull humanitarian humanity humans humble humor hun
hundred hundreds hunger hungry hunting hur hurt husband hybrid hydr hydraulic hydrogen hype hypo hypoth iPod
iTunes iconic identical identifies identifying identities ideological ideology idiot ignor ignoring igual
ihr ihre ikke illeg illness illumin illustrate illustrated illustrates illustration illustrations imageNamed
imagery imagin imagination imagine imagined imaging immedi immediate immediately immense immigr immigrant
immigrants immigration immun immune immunity impacted impacts impair impe imper imperial implant
implementations implementing implications implied implies imply importance importante importantly imported
impose imposed impossible impr impress impressed impression impressive impro improper improve improved
inability inaccur inade inappropriate inaug incap incarcer incent incest inches incidence incidents inclined
includ inclus inclusion incomes incomplete incon incons inconsistent incontri incor incorpor incorrectly
increased increases increasing incred incredible incumb indeed indef independ independence independent india
indian indicate indicated indicates indicating indication indicators indict indie indigenous indirect indiv
individ individuals indoor indu induced induction indul indust industrial inequality inev inexp infamous
infant infants infect infected infection infections inference inferior infiltr infinite infl inflamm
inflater inflation influ influence informal informations informative informed infr infrastructure ingres
inhab inhabit inher inherent inheritance inherited inhib inici initWithFrame initi initialState
initialization initially initiate initiated initiative inj injected injection injured injuries injury
inmates innings innoc innov innovation inplace inquiries inquiry insane insect insects inserted inserting
insertion insight insights insist insisted insists inspector inspir inspiration inspire inspired inspiring
instal installation installations installing instanceof instantiate instantly instinct instit institute
institutional institutions instruct instructor instrumental instruments insufficient insulin insult intact
intake integ integers integrate integrated integrity intellect intellectual intelligent intend intended
intends intens intense intensity intensive intention intentions interact interacting interactions intercept
interess interests interf interfer interference interim interior intermediate internally internationally
interpol interpolation interpretation interpreted interrog interrupted interrupts intervals intervention
interview intest intim intimate intimid intrig introdu introduce introduced introducing introduction
intuitive invasion invent invented invention invested investig investigate investigated investigation
investigators investing investments investor investors invited invites inviting invocation invoked invol
involve involved ioutil ipsum irr irre irregular irrelevant irres irrit isEqualToString isinstance island
islands isn isolate isolated isolation isso issuing italian itemView itertools itself jButton jLabel jPanel
jacket jag jail javafx jazz jealous jeans jed jeg jenter jersey jetzt jeune jew jihad jog joining joins
joints joke jokes jou journalism journalist journalists journals journey jsonObject jsonify judged judges
judgment judicial juga juice jul jumped jumping jumps jungle junior junk jurisdiction jus justice
justification justified justify kam kann kay keen keeps keine keras kicked kicking kicks kidn kidney killed
killing kilomet kilometers kinda kindness kinds kingdom kings kiss kitchen kne knee knees knew knife knock
knocked knowing knowledgeable knows kontakt kosten kotlin kun kut kvin kvinder labeled labor labour lack
lacking lacks ladder ladies lado lady laid lakes lamb landed landlord landmark landsc lanes laptop largely
larger largest laser lasted lasts lateinit lately latency lateral latter laugh laughter launched launches
launching laundry lavor lawmakers lawn lawsuit lawsuits lawy lawyer lawyers laying ldc leadership leagues
leak leaked leaks leap learned leather leaves leaving lectures legally legendary legis legisl legislation
legit legitimate leisure lemon lend lenders lending lengths lengthy lens lenses lesb lesbian lesser lethal
letting leverage liability liber liberal liberals libert liberty licensing lieu lif lifestyle lifted lighter
lighting lightning lightweight likewise limestone limitation limitations limiting lineback lineup lingu
linking lips liquid liquor listOf listView listened listings literally literary literature lith litigation
litter lived liver lives livest lleg loans localVar locally logistics lombok lonely longer longest longtime
looked loos loose loot lors losses lottery lou lounge loved lovely lovers loves loving lowercase lowered
lowering lowest loyal loyalty lub luc lucky lud lugar lui lum lumin lun lunch lungs luxurious luxury lymph
lyrics mContext maar machen machinery machines macros magazine magazines magical magn magnet magnetic
mailing mainAxisAlignment mainly mainstream maintain maintained maintaining maintains maior mais majority
makeStyles makeup males malicious malware mam mamm manage managed management managers manages managing
mandate manera maneu manga manifest manip mankind manner manual manually manufact manufacturer manus
mapDispatchToProps mapStateToProps mappings marathon marble march marg marginBottom marginLeft marginRight
marginTop margins mari marketing marketplace markets marking markup marriage married marry marsh martial
marvel masc mascul masked masks massaggi massasje masses massive masturb matchup materia materials
mathematic mathematics matplotlib matrices matt matters mature maxLength maxWidth maxim maximize maximum
maxlength mayor meal meals meaning means meant meanwhile meas measure measured measurement measures
measuring meat mechan medal medic medical medication medieval meditation meet meeting meets mehr meille mein
meine mej melee melhor melt memb membership membr membrane memcpy meme memor memorable memorial memories
memset mend meng menj menos mentally mentioned mentioning mentor merch merchants mercy merely merg merit
mesmo messaging metab metabol metabolic metallic metals metaph meters methodology methods metres mex mice
mich microphone microwave midfield midnight midst mig mighty migli migr migrants migrate migrationBuilder
migrations milano mild miles milestone milf milit military milk millenn milling millions mills mim minds
mindset mineral minerals miners mines minim minimal minimize minimum mining minister ministers ministry
minor minute minutes miracle mirrors miscon misconduct misleading mismatch mismo missed misses missile
missiles mistake mistaken mistakes misunder mitig mixer mixing mixture mobil mobility modelBuilder modeling
modelo models moder moderate modern modest modification modifications modified modifier modifiers modify
modular modules mog moi moins mois moist mold mole molec molecular molecule molecules momento moments
momentum monde monetary monitored monitoring monitors monkey monster monsters monthly months monument mood
moral morality moreover morning mortality mortgage mostly mostrar mothers motiv motivated motivation
motorcycle motors mountain mountains mounted mounting movements msgs mucho mud muito muj mulher multiplayer
multiplier mum mundo municip murder murders muscle muscles muse museum mush musical musician musicians muss
mutual muy myself myst myster mysterious mystery myth naar nach nack nada nag nail nails naj naked naken
namely naming narc narr narrow nasty nationally nations nationwide natur naturally naval navbar nave navig
navy nearby nearly neat nec necess necessarily needing neglect neglig negot neighb neighborhood neighbour
neighbours neither nella nem neph nerv nerve nettsteder networking networks neu neue neur neural neuro
neurons neut neutr nevertheless newNode newState newborn newer newest newly newsletter newsletters newsp
ngOn ngOnInit nib nicely niche nicht niet nightmare nights ninth noble nobody nodded noexcept nog nomin
nominated nomination nomine nominee nonatomic nonetheless nonprofit nons nonsense noqa normalize normalized
normally norms nors northeast northern nose nostalg notable notably notebook noted nothing notice noticed
notices notification notifications notified noting notion notorious notre nou nour nous novel novels novo
nowhere nucle nuclear nud nude nue nuest nuestra nueva nuevo nullable nullptr numberOf numbers numerical
numero numerous nun nur nurs nurse nurses nutrients nutrition nutritional oak obesity obey objectAtIndex
objectForKey objection objectives objeto oblig obr obsc observed observers observing obsessed obst obstacle
obstacles obt obtain obvious obviously occas occasionally occasions occur occured occurred occurrence
occurring occurs ocean odds offence offenders offense offensive offered offering offerings offic officer
officers offices officially officials offseason offsets offshore offspring ohne oils oldest olive omitted
onClose onCreate onError onMouse onPress onPressed onSubmit onSuccess onTap ongoing onion onions onset
opener openly opera operated operates operating operational opin opinion opinions oppon opponent opponents
opport opportunity oppos oppose opposed opposing opposite opposition opted optical optimal optimistic
optimization optionally oraz organis organisations organised organiz organizational organize organizers
organizing organs orgasm orientation oriented originally originated origins orphan oscill oslo otra otro
ourselves outbreak outcomes outdated outdoor outdoors outfit outgoing outlet outlets outlook outr outright
outstanding overcome overd overhead overl overload overlook overly overnight overse oversee oversight overt
overtime overwhel overwhelming owning oxygen packaging packets packs pada padded paddle pads painful painted
painter painting paintings palace pale palm pam pand pandas pant pap paperwork parad parade paragraphs
paramInt paras parc parental paris parked parking parks parl parliament parsing parte partially partic
particip participation particular parties partir partly partnership partnerships passage passe passenger
passengers passer passing passion passionate passive passwords pasta pastor patent pathway pathways patience
patients patio patri patrol patron patterns paused pav payable paying payments payroll pays peaceful peaks
peculiar pedest peers pela pelo penalties penalty pendant penet penetr penetration penis penn pens pension
pentru peoples pepper perceive perceived perception perch perd perfection perfectly performances performed
performers performing performs periodic periods peripheral perman permanent permet permits permitted pero
perpet perror persec persistence persona personal personality personally personas personnel persons
perspective perspectives persu peso pesso pestic petit petite petition peu peut pharm pharmac pharmacy
phases phenomen philosoph phosph photograph photographer photographs photography phrases physically
physician physicians piano picking picks pickup pied pier piger pil pillow pills pilot pint pione piss pist
pistol pitcher piv plac placebo plag plaintiff planets planned planning planted plasma plastic platforms
playback playground playoff playoffs plea pleaded pleasant pleased pleasure pledge pledged plenty plotting
plum plumbing pne pocket pockets poco podcast pode poder podr poem poems poet poetry pointed pointers
pointing poison pok poker polar polic police policies polish polished polit political politics polling polls
pollution polym pom pont pools poor popped popul popular popularity populate populated population
populations porch pork pornography pornos porque portable portions portray positioned positioning positively
possess possessed possession possibilities possibility possibly posterior posters potato potatoes potent
potential potentially pou pound pounds poured poverty powder powerful poz pract practical practices praise
praised prayer prayers preca preceding precious precip precis precise predecess predictable predicted
prediction predictions predomin preference pregn pregnant prejud prelim prem premise prepar preparation
preparing prere prescribed prescription presence presentations presented presenter presenting presents
preservation preserved presidency president presidential pressing pressure pressures prest presum presumably
pretend preval prevented preventing prevention prevents previously prey priced pride priest priests prima
primarily primera prince princess princip principle printable priorit priorities prison prisoner privat
privately prive privile privilege privileges prize prizes probability probable probably proble problematic
proced procedures proceed proceeded proces processes produced producers produces producing productivity
profes profess profession professional professor profitable profound programa programme programmes
progression progressive prohib prohibited projected projectile projections projet prol prolong promin
prominent promised promises promising promot promote promoted promotes promoting promotion promotional
promotions prompted promptly prone pronounced propag properly proph proport proportion propos propose
proposed proposition proprietary pros prosec prospect prost prostit protagon prote protecting protection
protective protects protest protests proud proven proves provid providedIn provides provinc provinces
provincial proving provision provisions provoc proximity prz prze przy psycho psychological psychology
publications publicity publicly publishers publishing pued puede puis pul pulled pulling pulls pump pumps
punch punct punish punished punishment punt punto pup puppy purch purchased purchases purely purposes purs
pushed pushes pushing pussy putas putting puzz puzzle pygame pyl pytest qDebug quadr qualifications qualify
qualifying quand quando quantities quantum quar quarry quart quarterback quelques queryset questionable
questioned questioning questo quicker quickly quien quietly quint races racing racism racist radar radiation
radical ragaz railway rall rally ramp ranch randomly ranged ranging ranked rankings ranks raped rapidly
rapport rare rational ratios rav reached reaches reaching reactions reactor readable readers readily
readings readonly realise realised realistic reality realiz realizar realize realized realizing reasonable
reasonably reasoning reasons reass rebel rebell rebels reboot rebound rebounds rebuild recalled recalls
receivers receives receiving recently recept reception receptor receptors recession recherche recib recip
recipe recipes recipient recipients recogn recognition recom recomm recommendation recommendations recon
reconc reconsider reconstruct reconstruction recorded recording recordings records recount recovered
recovering recovery recre recreated recru recruit recruitment rectangle recurring recurs recursive
recyclerView recycling redistrib redistribute redu reduced reducer reduction refere referenced referendum
referral referred referring refers refine refined reflect reflected reflection reflex reform reforms refr
refreshing refriger refuge refusal refuse refused refuses refusing regard regarded regarding regardless
regards regex regexp regime region regional regions register registers registr registration registro
registry regression regret regul regular regulate regulated regulation regulations regulator regulators
regulatory rehab reign reim rein rejection relate relates relating relationship relative relatively
relatives relax relaxed rele releases releasing relent relevance reli reliable relief relies relig religion
religious reluct rely relying remainder remained remaining remains remarkable remed remedy remembered
remembers remin remind reminded reminder reminds remot remote removal removes removing renamed rencont
rencontre rencontres rendered renderer rendering renders renew renov renown renowned rental repairs repe
repeated repeating repeats repet repl replaced replaces replacing replay replic replica replicate replied
replies reportedly reporter reporters reporting representations representative representatives represented
representing represents reprodu reproduce reproduction reproductive reps republic reput reputation requested
requesting requirement requirements requiring requis resc rescue researcher researchers researching reserv
reservation reservations reserved reserves reservoir resid residence resident residential residents residual
resign resigned resil resist resistance resistant resolutions resolved reson resort respected respective
respectively respects respir respond respons response responses responsible responsive respuesta restaur
restaurant restaurants resting restoration restored restr restrictions result retVal retail retailer
retained retention retire retired retirement retr retreat retrie retro returnValue returning returns retval
reun revealed revealing reveals revel reven revenge revenue revenues rever revers reversed revert reviewed
reviewing revis revised revolutionary rewarded rewarding rewards rhet rhyth rhythm rider riders ridic rifle
rifles righteous rigid rings ripped risen rises risks risky ritual rival rivals rivers robbery robust rocks
rode romance romantic rookie rooted rope rospy roster rotated rotating roughly rounds rout routines royal
rubber ruin ruins ruled ruling rumors rund runners rural rushed rushing sab saber sac sacr sadly saf safer
safety sag sage sail saint sake salad salaries salmon salon salope salv salvation sampler sanct sanction
sanctions sandwich sang sanit sanitized satellite satisf satisfaction satisfied sau sauce savedInstanceState
saves savings saw saying sca scales scam scandal scanner scanning scans scare scared scary scatter scattered
scen scenario scenarios scenes scent schedules scheduling schem schemes schn scholar scholars schon schools
schw science sciences scientific scientist scientists scipy sco scored scoring scram scrap scre scream
screening screenshot screw scrolling scrub scrut sculpt seal sealed seam searched searches searching season
seasons seating seats second seconds secre secretary secretly secrets sectors secular secured securing
securities seeds seeing seek seeking seeks seem seemed seems sees segments segreg segue segundo sehr seine
seit seiz seized seks selbst sele selected selecting selections selective selector selenium selfish sellers
sells semana semantic semester senator senators sends senior seniors sens sensation senses sensible
sensitive sensitivity sensors sentenced sentences sentiment senza separ separate separated separation sept
sequel sequence sequences sera serialVersionUID serializers serious seriously serum servant servants served
serves serving servlet sesso setContentView setData setId setImage setInterval setIs setName setObject
setSelected setState setText setTimeout setTitle setUp setUser setValue settle settled settlement setup seu
seus sevent seventh sever several severe severity sew sexe sext sexual sexuality sexually sexy shade shader
shades shadow shadows shaft shake shaking shallow shame shaped shapes shaping shar shared shareholders
shares sharing shark sharp sheep sheer shelf shells shelter shelves shemale sheriff shield shifted shifting
shifts shine shiny shipment shipped shipping shirt shirts shock shocked shocking shoe shoes shook shooter
shooting shootings shoots shopping shops shore shortage shortcut shorter shortest shortly shorts should
shoulder shout shouted showcase showed shower showing shown shows shrink shuffle shut shutdown shutil
shuttle shy sibling sich sick sides sidew sido siempre sigh sight sights signaling signals signature
signatures signific significance significant significantly signing signs signup sigu silence silk silly
similarities similarity similarly simpl simplest simplicity simplified simplify simply simulate simulated
simulator simult sinc sincer sind singer singing singles sinon sins sint sir sist sistema sister sisters
siti sits sitting situ situated situation sixth sized sizeof skal skate ske skeleton skept sketch skew
skilled skipped skipping skirt sklearn skull slack slam slaughter slave slavery slaves sle slee sleeping
slic slices slides sliding slight slightly slim slip slipped slo slog slower slowly slut smaller smallest
smartphone smartphones smell smile smiled smiles smiling smo smoke smoking smooth smugg snack snacks snake
sne snippet snprintf soap sob sobre soccer soci socialist socially society socio sockaddr socks sod soda
sodium sofa sog soil soit solar soldier soldiers solely solic solidarity soll solo solutions solved solving
somebody somehow someone sometime somew somewhat somewhere sont soo sooner soph sor sore sorts sou sought
soul sounded soundtrack sour sourceMapping sourced sous sovere sowie soy spacecraft spacing spacious spam
spans spare sparked spatial speak speakers speaking speaks spear specialist specialists specialized
specializes specially specialty specifically specification specifications specifies specify specifying specs
spectacular spectrum speculation speeches speeds spelling spells spend spending spends sperm sph spice
spider spike spill spine spinner spinning spins spiral spirits spiritual spite splits splitting spoke spoken
spokes spons sponsored sponsors spont spoon sporting spotlight spots spotted spouse spraw spray spreading
spreads springs sprint sqlalchemy sqlite squad squares sque stabil stability stack stacked stacks stadium
staff stage stages stagger stainless stair stairs stake stall stamp stance stand standalone standard
standing stands stap stared staring stark starring stars start starter starters starts state stated
statement statements states static stating station stations statist statistic statistical statistics stats
statue statusCode statute statutory stay stayed staying stays stderr stdin stdout stead steady steal
stealing steel steep steering stems stepped stepping steps stere stereo sticking sticky stiff still
stimulation stimulus stip stir stitch stmt stock stocks stole stolen stom stood stopped stopping stops
storage store stored stores stories storing storm story stove straight strains strange stranger strangers
strat strateg strategic strategies strategy straw strcat strcmp strconv strcpy streak stream street streets
strength strengthen strerror stress stressed stret stretch stretched strict stride strides strike striker
strikes striking stringBuilder stringBy stringWith strings stripe stripped strips strive strlen stroke
strong strpos strt strtol strtolower struck struct strugg struggle struggling stub stuck stud student
students studies studio studios study stuff stuffed stunning stupid sturdy style styled styles styling
stylish sua subclass subject subjected subjective sublic submar submission submissions submit submitted
subprocess subscri subscribe subscriber subscribers subscription subscriptions subsection subsequ subsequent
subsequently subset subsid subsidi subst substance substances substant substantial substit substitute substr
substring subt subtitle subtle subtract subur suburban subway suc succeed succeeded successful successfully
successor sucesso sucht suck sucking sucks sud sudden suddenly sue sued suff suffer sufficient sug sugar
suggested suggesting suggestion suggestions suggests suic suicide suis suitable suited suits sul sulf summar
summary summit summon sums sung sunlight sunny sunset sunt superb superf superhero superior supern superv
supervisor supplement supplements supplied suppliers supplies supplying supporter supporters supporting
supportive supports suppose supposed suppress suppression suprem supreme surely surfaces surg surge surgery
surgical surplus surpr surprise surprises surprising surprisingly surre surround surrounded surv surve
surveillance surveys suscept susp suspect suspected suspects suspended sust sustain sustainability
sustainable swallow swe sweep swift swim swimming swinger swipe switched switches switching swo symbolic
symmetry symp sympt symptoms synchron synchronized synd synth synthesis synthetic syst systematic systemic
tabindex tabla tableName tablesp tablet tablets tack tackle tact tactic tactical tactics tagged tailored tak
tale talent talented talents tales talked talking talks tall tamb tang tanks tanto tantra targeted targeting
targets tariffs tart taste tastes tasty tatto taught taxes taxi taxp taxpayer teach teachers teaches
teaching teams tear tearDown tears teas techn tecn teenage teenager teenagers teens teeth telefon telephone
television telling tells temper templateUrl temple tempo tempor temporal temporarily temps tenants tend
tendency tender tends teng tennis tens tense tension tensions tensorflow tenure termin terminal terminate
terminated termination terms terrain terrible terrific terrifying territor territories territory terrorism
terrorist terrorists testified testim testimony testosterone textAlign textBox texto texts texture textures
thai thank thanks thats theater theaters theatre thee theft their theme themes thems theor theoret
theoretical theories theory therap therapeutic therapist therapy thereafter thereby therefore thereof therm
thermal these thesis theta thick thickness thigh thing things think thinking thinks third thirty tho
thorough those thou though thought thous thousand thousands threading threads threat three threshold threw
thrilled thrive throat throne throttle through throw throwing thrown throws thru thrust thumb thumbnail
thunder tidak tide tied tiempo tiene tightly till tilt timber timed timedelta timely timeout timers timezone
tir tire tired tires tissue tissues titled tits tkinter toString toast tob toda todas todd toe toes together
toilet told toler toll tomato tomatoes tomb tomorrow tong tonight toolbar tooltip tooth topics topology topp
topped tops torn tornado torque tort toss totally totals tou touchdown touched touches touching tough
tourism tourist tourists tournaments tours tous toute toutes tow toward towards towel towers towns tox toxic
toys trab trabaj trabajo trabal traces tracing tracked tracker tracking tracks tract traded trademark
trademarks trader traders trades trading tradition traditional traditionally traditions traff traffic traged
tragic trailer trailing trails trained trainer training trains trajectory tranqu transaction transactions
transc transcript transf transfer transferred transfers transform transformation transformed transformer
transforms transgender transient transit transitions transl translate translated translation translations
translator transmission transmit transmitted transparency transparent transplant transport transported
trapped traps trash trat trauma trav travail travel traveled travers traverse tray treasure treat treated
treating treatment trek trem trend trends trials triangles tribal tribe tribes tribute trick tricks tricky
tried trigger triggers trillion trio triple trips trivial troops trop trophy tropical trou troub trouble
troubles trouver truck trucks true truly trump trunk trusted truth tsp tub tubes tuition tum tumblr tumor
tun tune tuned tuning tunnel tuples turb turkey turned turning turns tus tut tutor tutorials twe tweeted
twelve twenty twice twin twins twist twisted tym typedef typename typeof typical typically typing typings
tyr ugly ultimately ultr ultra unacceptable unanim unauthorized unavailable unaware unb unbelie uncert
uncertain uncertainty unchanged uncle unclear uncomfort uncommon uncon unconscious uncover uncovered undergo
undergraduate underground underlying undermin undermine underneath underst understand understanding
understands understood undert underwater underway undoubtedly unemployment unf unfair unfortunate
unfortunately unh unhappy unified uniforms unint unions uniqu united univers universe university unlaw unle
unlike unlimited unlocked unm unnecessary unp unprecedented unpredict unr unre unrelated unser unsere
unstable unsuccessful unsure untuk unus unusual unve unw unwanted uomo upcoming upgraded upgrades upset
upside upstream upward upwards urged urging urine urllib useCallback useContext useDispatch useEffect
useHistory useRef useSelector useStyles useful useless utilis utiliz utilize utilized utilizing utterly
vacation vacc vaccine vacuum vag vagina vague vai vain validates validity valign valley valores valuable
valued valve vanilla vapor variables variance variations varied varies varieties variety various varying
vast vectors vegan vegetable vegetables vegetarian vehicle vehicles veloc velocity vend vendor vendors
venture venue venues verbal verbose verd verdict verg verification verified verify versa versatile verse
version versions versus vertex vertical vertices verw vess vessel veter viable viagra vibr vicious vict
victory viel viele viewBox viewDidLoad viewHolder viewed viewers viewing vigil vill village vind vintage
vinyl violate violated violating violation violations violence violent viral virgin virtually virtue virus
viruses visiting visitors visits vista visually vital vitamin vitamins viv vivid vivo voc vocabulary vocal
voices volcan voltage volumes volunt voluntary volunte volunteer volunteers vom vot voted voter voters
voting votre vow voyage vra vrou vrouw vul vulner vulnerable waar wage wages waist waited waiting walked
walks wallpaper wander wanna wanting wants waren warfare warmer warming warmth warned warrant warranty
warrior warriors wars washed wasn wast waste wasted watched watches watching wavelength wax weaken weaker
weakness wealthy weap wearing wears webcam webpage websites wedding weekend weekends weird weiter welcomed
welcoming weld welfare wellness wenn werden weren western wet whats whatsoever whe wheat wheels whenever
whereas wherein wherever whilst whisk whisper whistle whit whiteColor whites whitespace whoever wholes
wholesale wholly whom wicked widely wider wides wieder wield wildlife willing winds wines wings winners
winning wir wird wireless wires wiring wisdom wished wishes wishing withd withdrawal witness wom wonder
wonders wont wooden wool worden wordt wore workbook workforce workout workplace workshop workshops worlds
worldwide worn worried worries worry worse worship worst wouldn wound wounded wounds wrapping wraps wreck
wrest wrist writ wrote wsz wszyst wur xmlns xrange xsi yap yarn yearly yeast yesterday yields yog yoga young
younger yours yourself youth zijn zoekt zombie zona zoo zum zur zus zwei
""".split()
)
